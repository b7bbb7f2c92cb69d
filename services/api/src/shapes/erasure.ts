import { z } from '@hono/zod-openapi'
import { timeSchema } from './common.js'

/** Whom to erase. */
export const eraseSchema = z
  .strictObject({
    subject_kind: z.enum(['user', 'session']),
    subject: z.string().min(1).max(1000).openapi({ description: 'The id that events carry; stored nowhere' }),
    reason: z
      .string()
      .max(1000)
      .default('')
      .openapi({ description: 'Kept with the erasure: a ticket number, not a name' }),
  })
  .openapi('Erase')

/** A published export that held rows of the subject. */
export const erasedExportSchema = z.object({
  export_id: z.string(),
  replaced_by: z.string().nullable().openapi({
    description: 'The erasure export in its place; null where its folder was damaged and is gone',
  }),
  rows: z.number().int(),
  recipients: z.array(z.string()).openapi({ description: 'Who was given it and must replace it' }),
  deliveries: z
    .array(
      z.object({
        kind: z.enum(['webhook', 's3', 'hub']),
        name: z.string().openapi({ description: 'The webhook, or the address of the copy' }),
        export_id: z.string().openapi({ description: 'This export, or one before it that the copy is of' }),
        status: z.enum(['open', 'done', 'failed', 'by_hand']).openapi({
          description: 'failed: tried again by itself. by_hand: `remains` says what a person has to do',
        }),
        attempts: z.number().int(),
        remains: z.string(),
      }),
    )
    .openapi({ description: 'Those of them that this server tells or cleans itself' }),
})

/** The receipt of an erasure: how far it has come and what it does not reach. */
export const erasureSchema = z
  .object({
    id: z.string(),
    subject_kind: z.enum(['user', 'session', 'project']),
    state: z.enum(['hidden', 'rewritten', 'final']).openapi({
      description:
        'hidden: from every read. rewritten: in no file of store and exports. final: in no file of the log either',
    }),
    reason: z.string(),
    created_at: timeSchema,
    events: z.number().int().openapi({ description: 'Events that are hidden or gone' }),
    counts: z.record(z.string(), z.number()).openapi({ description: 'Rows that were deleted, by table' }),
    waits_for: z.string().nullable().openapi({ description: 'What the next state waits for; null once final' }),
    horizon_at: timeSchema.nullable().openapi({ description: 'When the log has let go of the bytes by its retention' }),
    exports: z.array(erasedExportSchema),
    limits: z.array(z.string()).openapi({ description: 'What an erasure does not reach' }),
  })
  .openapi('Erasure')

/** What became of one published export that held rows of erased people or without consent. */
export const withdrawnExportSchema = z
  .object({
    export_id: z.string(),
    replaced_by: z.string().nullable(),
    outcome: z.enum(['rewritten', 'removed', 'missing']).openapi({
      description:
        'removed: its folder was not what its manifest says, and is gone. missing: its folder is not on this server',
    }),
    rows: z.number().int(),
    erasures: z.array(z.string()),
  })
  .openapi('WithdrawnExport')

/** Whom an export was given to. */
export const recipientSchema = z
  .object({ recipient: z.string(), note: z.string(), created_at: timeSchema })
  .openapi('Recipient')
