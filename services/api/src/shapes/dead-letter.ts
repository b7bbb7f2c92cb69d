import { z } from '@hono/zod-openapi'
import { queryTimeSchema, timeSchema } from './common.js'

const stateSchema = z.enum(['open', 'replayed', 'stored']).openapi({
  description: 'stored: the event is in its table, by a replay or another arrival; replayed: on its way, or dead again',
})

/** One dead letter without its bytes. */
export const deadLetterHeadSchema = z
  .object({
    id: z.string().openapi({ description: 'log_id/partition:position/line' }),
    log_id: z.string(),
    partition: z.number(),
    position: z.number(),
    line: z.number(),
    type: z.string(),
    event_id: z.string(),
    code: z.string().openapi({ description: 'The reason' }),
    message: z.string(),
    received_at: timeSchema,
    body_until: timeSchema,
    row_until: timeSchema,
    body_bytes: z.number().openapi({ description: '0 once they have expired' }),
    replays: z.number().openapi({ description: 'How often the event had been replayed when it died here' }),
    state: stateSchema,
  })
  .openapi('DeadLetterHead')

/** One dead letter with its bytes. */
export const deadLetterSchema = deadLetterHeadSchema
  .extend({
    body: z.string().openapi({
      description:
        'The line as it was accepted; base64:… where it is no UTF-8, and the whole body of an unreadable record',
    }),
  })
  .openapi('DeadLetter')

/** Conditions of a list and of a replay. */
export const deadLetterQuerySchema = z.object({
  state: stateSchema.optional(),
  code: z.string().min(1).optional(),
  event_id: z.string().min(1).optional(),
  since: queryTimeSchema.optional(),
  until: queryTimeSchema.optional(),
})

export const replaySchema = z
  .object({
    ids: z.array(z.string().min(1)).min(1).max(1000).optional(),
    code: z.string().min(1).optional(),
    since: queryTimeSchema.optional(),
    until: queryTimeSchema.optional(),
    all: z.literal(true).optional().openapi({ description: 'Every open letter of the project' }),
    state: z.enum(['open', 'replayed']).optional().openapi({
      description: 'replayed: those that were replayed and are not stored. Default: open; with ids: any',
    }),
    dry_run: z.boolean().default(false),
    limit: z.int().min(1).max(10_000).default(1000),
    with: z.string().min(1).optional().openapi({
      description: 'The mended line, in place of the bytes of exactly one letter; same type and id',
    }),
  })
  .refine(({ ids, code, since, until, all }) => (ids ?? code ?? since ?? until ?? all) !== undefined, {
    message: 'name what to replay: ids, code, since, until or all',
  })
  .refine((request) => request.with === undefined || request.ids?.length === 1, {
    message: 'a mended line replaces exactly one letter: name one id',
    path: ['with'],
  })
  .openapi('DeadLetterReplay')

export const replayReportSchema = z
  .object({
    dry_run: z.boolean(),
    replayed: z.number(),
    records: z.number().openapi({ description: 'Log records appended for them' }),
    items: z.array(deadLetterHeadSchema).openapi({ description: 'The first 100 of those replayed' }),
    skipped: z.array(
      z.object({
        id: z.string(),
        reason: z.enum(['stored', 'record_unreadable', 'bytes_expired', 'header_unknown']),
      }),
    ),
    has_more: z.boolean().openapi({ description: 'More letters match: send the same request again' }),
  })
  .openapi('DeadLetterReplayReport')
