import { join } from 'node:path'
import { CODE_VERSIONS, canonicalJson, canonicalTime, type Recipe, recipeHash } from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import { type Database, type ExportRow, getExport, listExports } from '@flywheel/store'
import { readPublished } from './publish.js'

/** What an export was asked for: with it and the same store its bytes can be made again. */
export interface EarlierExport {
  watermark: string
  cutoff: string
  recipe: Recipe
  parent: string | undefined
  created_at: string
}

interface RecordedSummary {
  cutoff: string
  recipe?: Recipe
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
  const { watermark, created_at } = row
  return { watermark, cutoff: summary.cutoff, recipe: summary.recipe, parent: row.parent || undefined, created_at }
}

/**
 * The export that the next one follows: the newest whose folder is whole, of the same recipe where that makes deltas,
 * else one whose splits it keeps because they were made by the same rule. A recipe with another `split` starts anew. Not
 * one of the same recipe and snapshot: run twice, an export is the same.
 */
export async function latestExport(
  db: Database,
  projectId: string,
  recipe: Recipe,
  watermark: string,
  outDir: string,
): Promise<string | undefined> {
  const hash = recipeHash(recipe)
  const rows = (await listExports(db, projectId)).filter((row) => {
    const before = summaryOf(row)?.recipe?.split
    const isOther = row.recipe_hash !== hash || canonicalTime(row.watermark) < canonicalTime(watermark)
    return isOther && before !== undefined && canonicalJson(before) === canonicalJson(recipe.split)
  })
  const ofChain = recipe.mode === 'delta' ? rows.filter((row) => row.recipe_hash === hash) : []
  for (const row of [...ofChain, ...rows]) {
    if ((await readPublished(join(outDir, row.id))) !== null) return row.id
  }
  return undefined
}
