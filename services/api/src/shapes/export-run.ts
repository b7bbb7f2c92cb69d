import type { ExportRunRow } from '@flywheel/store'
import { z } from '@hono/zod-openapi'
import { timeSchema } from './common.js'

/** One run of an export. */
export const exportRunSchema = z
  .object({
    id: z.string(),
    recipe_name: z.string(),
    cause: z.enum(['schedule', 'request']),
    result: z.enum(['running', 'published', 'reused', 'empty', 'failed']),
    export_id: z.string().nullable(),
    gate: z.string().nullable().openapi({ description: 'What took the last rows, where the result is empty' }),
    error_code: z.string().nullable().openapi({ description: 'lease_lost: the process that ran it went silent' }),
    error: z.string().nullable(),
    due_at: timeSchema.nullable().openapi({ description: 'The turn of the schedule' }),
    started_at: timeSchema,
    finished_at: timeSchema.nullable(),
    duration_ms: z.number().int().nullable().openapi({ description: 'From its entry, waiting for others included' }),
    deliveries: z.array(z.unknown()).openapi({ description: 'What was sent to webhooks and destinations' }),
  })
  .openapi('ExportRun')

const orNull = (text: string): string | null => (text === '' ? null : text)

/** A run as the api shows it. */
export function shownRun(row: ExportRunRow): z.output<typeof exportRunSchema> {
  const { created_at, finished_at } = row
  return {
    id: row.id,
    recipe_name: row.recipe_name,
    cause: row.cause,
    // A turn that another process did is in no list.
    result: row.status === 'yielded' ? 'reused' : row.status,
    export_id: orNull(row.export_id),
    gate: orNull(row.gate),
    error_code: orNull(row.error_code),
    error: orNull(row.error),
    due_at: row.due_at,
    started_at: created_at,
    finished_at,
    duration_ms: finished_at === null ? null : Date.parse(finished_at) - Date.parse(created_at),
    deliveries: row.deliveries === '' ? [] : (JSON.parse(row.deliveries) as unknown[]),
  }
}
