import { availableParallelism } from 'node:os'
import { type ChainRow, type ExportIdentity, type Ports, type Recipe, requireEvaluationSets } from '@flywheel/curation'
import type { Database } from '@flywheel/store'
import type { Inherited } from './earlier-export.js'
import { evaluationSets, readEvaluationFiles } from './evaluation-sets.js'
import { readChain } from './export-chain.js'
import { readJoinedFile } from './joined-file.js'
import { assignmentsOf } from './parent-assignments.js'
import { rowPorts } from './row-ports.js'
import { createUnitPool, inThisThread } from './unit-pool.js'
import { type CuratedUnits, curateUnits, type Progress } from './units/curate-units.js'
import { createUnitWork } from './units/unit-work.js'

/** A curated set before anything is written of it. */
export interface PreparedSet {
  units: CuratedUnits
  ports: Ports
  /** Splits that members have from earlier exports. */
  assignments: ReadonlyMap<string, string>
  /** Hashes of the evaluation sets. */
  evaluation_sets: string[]
  /** The joined file, by its bytes; undefined where the recipe joins none. */
  join: ExportIdentity['join'] | undefined
  /** What the chain of a delta has given out. */
  chain: { isFirst: boolean; rows: ChainRow[] } | null
}

// One core is left to whoever sends events meanwhile; of two the engine has the other, and a thread that nobody has room
// for costs time and memory. More than eight wait for the engine.
function defaultWorkers(): number {
  const cores = availableParallelism()
  return cores <= 2 ? 0 : Math.min(8, cores - 1)
}

/**
 * Curates the snapshot of a request: what a run publishes and a count counts.
 * @param folder for what does not stay in memory; the caller removes it
 */
export async function prepareSet(
  options: {
    db: Database
    projectId: string
    rowKey: Uint8Array
    workers?: number | undefined
    unitBytes?: number | undefined
    onProgress?: ((progress: Progress) => void) | undefined
    /** Whether a delta is made from what exports before it have judged. @default false */
    isRemembered?: boolean
  },
  { watermark, cutoff, recipe, parent, held_out_by }: { watermark: string; cutoff: string; recipe: Recipe } & Inherited,
  outDir: string,
  folder: string,
): Promise<PreparedSet> {
  const { db, projectId, rowKey, unitBytes, onProgress, workers = defaultWorkers(), isRemembered = false } = options
  const evaluation = await readEvaluationFiles(outDir, recipe)
  const { index, hashes } = evaluationSets(evaluation, recipe)
  const joined = await readJoinedFile(outDir, recipe)
  const join = joined === undefined ? undefined : { file: joined.file, sha256: joined.sha256 }
  const assignments = await assignmentsOf(outDir, { parent, held_out_by })
  const ports = await rowPorts(rowKey, assignments, index, joined?.rows)
  requireEvaluationSets(recipe, ports)
  const chain = recipe.mode === 'delta' ? await readChain(outDir, parent, recipe) : null
  const units = await curateUnits({
    db,
    projectId,
    recipe,
    watermark,
    cutoff,
    ports,
    // What is still readable is asked of rows given out before.
    isChained: chain !== null && chain.rows.length > 0,
    folder,
    unitBytes,
    onProgress,
    memory: chain !== null && isRemembered ? { outDir, rowKey, evaluation_sets: hashes, join } : undefined,
    start: (context, units) =>
      units > 1 && workers > 0
        ? createUnitPool(workers, { context, rowKey, evaluation, joined: joined?.rows })
        : inThisThread(createUnitWork(context, ports)),
  })
  return { units, ports, assignments, evaluation_sets: hashes, join, chain }
}
