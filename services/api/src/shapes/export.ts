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

const rowsByShape = { pairs: z.number().int(), unpaired: z.number().int(), supervised: z.number().int() }

/** What a run would yield now. */
export const exportCountSchema = z
  .object({
    watermark: timeSchema.openapi({ description: 'What was received up to then is counted' }),
    recipe_name: z.string(),
    parent: z.string().nullable().openapi({
      description: 'The export whose splits the rows would keep, and which a delta would continue',
    }),
    ...rowsByShape,
    splits: z.record(z.string(), z.number().int()),
    strategies: z.array(z.object({ strategy: z.string(), candidates: z.number().int(), ...rowsByShape })),
    funnel: z.unknown().openapi({ description: 'Rows that each gate would drop and why, in the order of the gates' }),
    superseded: z.number().int().nullable().openapi({
      description: 'Of a delta: rows of earlier exports of its chain that no longer stand',
    }),
    nothing: z.object({ gate: z.string(), detail: z.string() }).nullable().openapi({
      description:
        'Why a run would be refused with `nothing_to_export`: the gate that took the last row (empty without candidates) and the command that mends it',
    }),
  })
  .openapi('ExportCount')

/** An export in a path. */
export const exportParams = z.object({
  id: z.string().openapi({ description: 'Its id, or at least the first four digits of it, if no other begins so' }),
})

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
    dir: z
      .string()
      .openapi({ description: "Its folder on the exporter's machine: the first of `places` that is there" }),
    places: z.array(z.string()).openapi({
      description: 'Where it is looked for: below the folder of exports as it is now, then where it was written',
    }),
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

/**
 * An export row as the api shows it.
 * @param folder where it is now; @default where it was written
 */
export function shownExport(
  row: ExportRow,
  folder: { dir: string; places: string[] } = { dir: row.path, places: [row.path] },
): z.output<typeof exportSchema> {
  const { id, parent, kind, status, watermark, recipe_name, recipe_hash, pairs, unpaired, supervised } = row
  return {
    export_id: id,
    parent: parent === '' ? null : parent,
    kind,
    status,
    watermark,
    recipe_name,
    recipe_hash,
    dir: folder.dir,
    places: folder.places,
    pairs: Number(pairs),
    unpaired: Number(unpaired),
    supervised: Number(supervised),
    funnel: row.funnel === '' ? null : JSON.parse(row.funnel),
    created_at: row.created_at,
  }
}
