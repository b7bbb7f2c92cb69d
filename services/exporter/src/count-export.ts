import { resolve } from 'node:path'
import { type CuratedSet, canonicalTime, curate, deltaSet, type FunnelStep, type Recipe } from '@flywheel/curation'
import { readEvaluationSets } from './evaluation-sets.js'
import { compareWithChain, readChain } from './export-chain.js'
import { readEvidence } from './read-evidence.js'
import { gateOf, nothingToExport } from './refusals.js'
import { assignmentsOf, type RunExportOptions, resolveRequest, rowPorts } from './run-export.js'

/** Options of `countExport`: those of a run, less what only a published set has. */
export type CountExportOptions = Omit<RunExportOptions, 'asOf' | 'now'>

/** What a run would yield now. */
export interface ExportCount {
  /** RFC 3339 UTC: what was received up to then is counted. */
  watermark: string
  recipe_name: string
  /** The export whose splits the rows would keep, and which a delta would continue. */
  parent: string | null
  pairs: number
  unpaired: number
  supervised: number
  splits: Record<string, number>
  strategies: { strategy: string; candidates: number; pairs: number; unpaired: number; supervised: number }[]
  funnel: FunnelStep[]
  /** Of a delta: rows of earlier exports of its chain that no longer stand. */
  superseded: number | null
  /** Why a run would be refused: the gate that took the last row ('' without candidates) and what mends it. */
  nothing: { gate: string; detail: string } | null
}

/** The set that a run with these options would publish, by the run's own steps. The one place that knows them. */
async function setOf(options: CountExportOptions): Promise<{
  set: CuratedSet
  recipe: Recipe
  watermark: string
  parent: string | undefined
  superseded: number | null
}> {
  const { db, projectId, rowKey } = options
  const outDir = resolve(options.outDir)
  const { watermark, cutoff, recipe, parent } = await resolveRequest(options, outDir)
  const evidence = await readEvidence(db, projectId, recipe, { watermark, cutoff })
  const evaluation = await readEvaluationSets(outDir, recipe)
  const ports = { ...(await rowPorts(rowKey, await assignmentsOf(outDir, parent))), evaluation: evaluation.index }
  const set = curate(evidence, recipe, ports)
  const chain = recipe.mode === 'delta' ? await readChain(outDir, parent, recipe) : null
  if (chain === null || chain.isFirst) return { set, recipe, watermark, parent, superseded: null }
  const delta = compareWithChain(set, chain.rows, evidence, recipe, ports)
  return { set: deltaSet(set, delta), recipe, watermark, parent, superseded: delta.supersedes.length }
}

function nothingIn(set: CuratedSet, recipe: Recipe): ExportCount['nothing'] {
  const error = nothingToExport(set, recipe)
  return { gate: gateOf(error), detail: error.message }
}

/**
 * Counts what a run would yield now, by the steps of a run up to its set; nothing is written, published or recorded, and
 * nothing is withdrawn from what was published.
 *
 * @throws FlywheelError `invalid_request` for a recipe; a set without rows is an answer here, with what mends it
 */
export async function countExport(options: CountExportOptions): Promise<ExportCount> {
  const { set, recipe, watermark, parent, superseded } = await setOf(options)
  const count = (wanted: (row: CuratedSet['rows'][number]) => boolean): number => set.rows.filter(wanted).length
  const shapes = (strategy?: string): Pick<ExportCount, 'pairs' | 'unpaired' | 'supervised'> => {
    const of = (shape: string): number =>
      count((row) => row.shape === shape && (strategy === undefined || row.meta.strategy === strategy))
    return { pairs: of('preference'), unpaired: of('unpaired'), supervised: of('supervised') }
  }
  const splits = [...new Set(set.rows.map(({ meta }) => meta.split))].sort()
  return {
    watermark: canonicalTime(watermark),
    recipe_name: recipe.name,
    parent: parent ?? null,
    ...shapes(),
    splits: Object.fromEntries(splits.map((split) => [split, count(({ meta }) => meta.split === split)])),
    strategies: set.strategies.map(({ strategy, candidates }) => ({ strategy, candidates, ...shapes(strategy) })),
    funnel: set.funnel,
    superseded,
    nothing: set.rows.length === 0 && (superseded ?? 0) === 0 ? nothingIn(set, recipe) : null,
  }
}
