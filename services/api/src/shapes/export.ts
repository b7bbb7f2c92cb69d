import type { ExportRow } from '@flywheel/store'
import { z } from '@hono/zod-openapi'
import { timeSchema } from './common.js'

/** What a run made. */
export const exportSummarySchema = z
  .object({
    export_id: z.string(),
    dir: z.string(),
    pairs: z.number().int(),
    unpaired: z.number().int(),
    supervised: z.number().int(),
    funnel: z.unknown().openapi({ description: 'Rows that each gate dropped and why, in the order of the gates' }),
    manifest_path: z.string(),
    first_row: z.looseObject({}).nullable(),
    reused: z.boolean(),
  })
  .openapi('ExportSummary')

/** One export of the list. */
export const exportSchema = z
  .object({
    export_id: z.string(),
    parent: z.string().nullable(),
    kind: z.enum(['full', 'delta', 'erasure']),
    status: z.enum(['published', 'superseded']),
    watermark: timeSchema,
    recipe_name: z.string(),
    recipe_hash: z.string(),
    dir: z.string(),
    pairs: z.number().int(),
    unpaired: z.number().int(),
    supervised: z.number().int(),
    funnel: z.unknown(),
    created_at: timeSchema,
  })
  .openapi('Export')

export const exportDetailSchema = exportSchema
  .extend({ manifest: z.unknown().openapi({ description: 'As published; null where its folder was moved away' }) })
  .openapi('ExportDetail')

/** What a trainer's loader would say of a file. */
export const validationSchema = z
  .object({
    valid: z.boolean(),
    part: z.string().openapi({ description: 'Which of the target’s layouts, as the first row says' }),
    rows: z.number().int(),
    problem_count: z.number().int(),
    problems: z
      .array(z.object({ row: z.number().int(), code: z.string() }))
      .openapi({ description: 'The first 100; rows count from 0' }),
  })
  .openapi('Validation')

/** An export row as the api shows it. */
export function shownExport(row: ExportRow): z.output<typeof exportSchema> {
  const { id, parent, kind, status, watermark, recipe_name, recipe_hash, path, pairs, unpaired, supervised } = row
  return {
    export_id: id,
    parent: parent === '' ? null : parent,
    kind,
    status,
    watermark,
    recipe_name,
    recipe_hash,
    dir: path,
    pairs: Number(pairs),
    unpaired: Number(unpaired),
    supervised: Number(supervised),
    funnel: row.funnel === '' ? null : JSON.parse(row.funnel),
    created_at: row.created_at,
  }
}
