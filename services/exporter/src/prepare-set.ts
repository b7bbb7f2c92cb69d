import type { ChainRow, Ports, Recipe } from '@flywheel/curation'
import { requireEvaluationSets } from '@flywheel/curation'
import type { Database } from '@flywheel/store'
import { readEvaluationSets } from './evaluation-sets.js'
import { readChain } from './export-chain.js'
import { assignmentsOf } from './parent-assignments.js'
import { type CuratedUnits, curateUnits, type Progress } from './units/curate-units.js'
import { createRowId, createUnitWork } from './units/unit-work.js'

/** A curated set before anything is written of it. */
export interface PreparedSet {
  units: CuratedUnits
  ports: Ports
  /** Splits that the parent's members have. */
  assignments: ReadonlyMap<string, string>
  /** Hashes of the evaluation sets. */
  evaluation_sets: string[]
  /** What the chain of a delta has given out. */
  chain: { isFirst: boolean; rows: ChainRow[] } | null
}

/** What curation asks of a project and of the export before. */
export async function rowPorts(
  rowKey: Uint8Array,
  assignments: ReadonlyMap<string, string>,
  evaluation: Ports['evaluation'],
): Promise<Ports> {
  // Loaded with the first export: its tables are 85 MB, which a process that never exports need not hold.
  const { languageOf } = await import('@flywheel/curation/language')
  return {
    languageOf,
    rowId: createRowId(rowKey),
    assigned: (member) => assignments.get(member),
    evaluation,
  }
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
  },
  {
    watermark,
    cutoff,
    recipe,
    parent,
  }: { watermark: string; cutoff: string; recipe: Recipe; parent: string | undefined },
  outDir: string,
  folder: string,
): Promise<PreparedSet> {
  const { db, projectId, rowKey, unitBytes, onProgress } = options
  const evaluation = await readEvaluationSets(outDir, recipe)
  const assignments = await assignmentsOf(outDir, parent)
  const ports = await rowPorts(rowKey, assignments, evaluation.index)
  requireEvaluationSets(recipe, ports)
  const chain = recipe.mode === 'delta' ? await readChain(outDir, parent, recipe) : null
  const units = await curateUnits({
    db,
    projectId,
    recipe,
    watermark,
    cutoff,
    ports,
    isChained: chain !== null,
    folder,
    unitBytes,
    onProgress,
    start(context) {
      const work = createUnitWork(context, ports)
      return {
        width: 1,
        survey: (lines) => Promise.resolve(work.survey(lines)),
        judge: (...of) => Promise.resolve(work.judge(...of)),
        close: () => Promise.resolve(),
      }
    },
  })
  return { units, ports, assignments, evaluation_sets: evaluation.hashes, chain }
}
