import { join } from 'node:path'
import {
  CODE_VERSIONS,
  canonicalJson,
  canonicalTime,
  type Recipe,
  recipeHash,
  refuseTrainersOfEvaluation,
} from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import { type Database, type ExportRow, getExport, listExports } from '@flywheel/store'
import { assignmentsOf } from './parent-assignments.js'
import { readPublished } from './publish.js'

/** What an export was asked for: with it and the same store its bytes can be made again. */
export interface EarlierExport {
  watermark: string
  cutoff: string
  recipe: Recipe
  parent: string | undefined
  held_out_by: string | undefined
  created_at: string
}

interface RecordedSummary {
  cutoff: string
  recipe?: Recipe
  held_out_by?: string
  code: object
}

function summaryOf(row: ExportRow): RecordedSummary | null {
  return row.summary === '' ? null : (JSON.parse(row.summary) as RecordedSummary)
}

/**
 * Snapshot, cut-off, recipe and parent of an export that was made before.
 * @throws FlywheelError `not_found`, or `inputs_changed` where other versions of the code made it or rows of it are gone
 */
export async function earlierExport(db: Database, projectId: string, id: string): Promise<EarlierExport> {
  const row = await getExport(db, projectId, id)
  const summary = row === null ? null : summaryOf(row)
  if (row === null || summary?.recipe === undefined) {
    throw new FlywheelError('not_found', `The export ${id} is not in this project; see flywheel export list`)
  }
  if (row.kind === 'erasure') {
    throw new FlywheelError(
      'inputs_changed',
      `Export ${id} is export ${row.parent} less what was erased and cannot be made again; run a new one`,
    )
  }
  if (row.status === 'superseded') {
    throw new FlywheelError(
      'inputs_changed',
      `Export ${id} cannot be made again: rows of it were erased or withdrawn; see flywheel export list, and run a new one`,
    )
  }
  if (canonicalJson(summary.code) !== canonicalJson(CODE_VERSIONS)) {
    throw new FlywheelError(
      'inputs_changed',
      `Export ${id} was made by ${canonicalJson(summary.code)} and this is ${canonicalJson(CODE_VERSIONS)}; run it with the version that made it`,
    )
  }
  refuseTrainersOfEvaluation(summary.recipe)
  const { watermark, created_at } = row
  const { cutoff, recipe, held_out_by } = summary
  return { watermark, cutoff, recipe, parent: row.parent || undefined, held_out_by, created_at }
}

/** What an export takes over from those before it. */
export interface Inherited {
  /** Whose splits it keeps, and which a delta continues. */
  parent: string | undefined
  /** Holds people out for evaluation of whom the parent knows nothing: the newest export, of whatever rule. */
  held_out_by: string | undefined
}

/**
 * The export that the next one follows: the newest whose folder is whole, of the same recipe where that makes deltas,
 * else one whose splits it keeps because they were made by the same rule. A recipe with another `split` starts anew, but
 * for what was held out: that is no recipe's to train on. Not one of the same recipe and snapshot: run twice, an export
 * is the same.
 */
export async function latestExports(
  db: Database,
  projectId: string,
  recipe: Recipe,
  watermark: string,
  outDir: string,
): Promise<Inherited> {
  const hash = recipeHash(recipe)
  const isWhole = async ({ id }: ExportRow): Promise<boolean> => (await readPublished(join(outDir, id))) !== null
  const others = (await listExports(db, projectId)).filter(
    (row) => row.recipe_hash !== hash || canonicalTime(row.watermark) < canonicalTime(watermark),
  )
  const ofRule = others.filter((row) => {
    const before = summaryOf(row)?.recipe?.split
    return before !== undefined && canonicalJson(before) === canonicalJson(recipe.split)
  })
  const ofChain = recipe.mode === 'delta' ? ofRule.filter((row) => row.recipe_hash === hash) : []
  const parent = await first([...ofChain, ...ofRule], isWhole)
  // Each holds what those before it held out.
  const newest = await first(others, async (row) => row.id === parent?.id || (await isWhole(row)))
  if (newest === undefined || newest.id === parent?.id) return { parent: parent?.id, held_out_by: undefined }
  const known = await assignmentsOf(outDir, { parent: parent?.id })
  const held = await assignmentsOf(outDir, { parent: parent?.id, held_out_by: newest.id })
  const isNew = [...held].some(([member, split]) => known.get(member) !== split)
  return { parent: parent?.id, held_out_by: isNew ? newest.id : undefined }
}

async function first<Row>(rows: readonly Row[], holds: (row: Row) => Promise<boolean>): Promise<Row | undefined> {
  for (const row of rows) if (await holds(row)) return row
  return undefined
}
