import { resolve } from 'node:path'
import { canonicalTime, type FunnelStep, type Recipe, type SettledSet } from '@flywheel/curation'
import { lookThrough } from './curated-set.js'
import { prepareSet } from './prepare-set.js'
import { startFolder } from './publish.js'
import { gateOf, refusalOf } from './refusals.js'
import { type RunExportOptions, resolveRequest } from './run-export.js'

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
  /** Why a run would be refused: the gate that took the last row ('' without candidates, `targets` where no target has a file for the rows) and what mends it. */
  nothing: { gate: string; detail: string } | null
}

/** The set that a run with these options would publish, by the run's own steps. */
async function setOf(
  options: CountExportOptions,
  folder: string,
): Promise<{
  set: SettledSet
  recipe: Recipe
  watermark: string
  parent: string | undefined
  superseded: number | null
}> {
  const outDir = resolve(options.outDir)
  const request = await resolveRequest(options, outDir)
  const { watermark, recipe, parent } = request
  const { units, ports, chain } = await prepareSet(options, request, outDir, folder)
  try {
    if (chain === null || chain.isFirst) return { set: units.set, recipe, watermark, parent, superseded: null }
    const { kept, builder } = await lookThrough(units, { recipe, ports, before: chain.rows, parent })
    const superseded = builder?.finish(units.isReadable).supersedes.length ?? 0
    const set = builder === null ? units.set : { ...builder.summaryOf(units.set), kept }
    return { set, recipe, watermark, parent, superseded }
  } finally {
    units.close()
  }
}

function nothingIn(set: SettledSet, asked: Parameters<typeof refusalOf>[1]): ExportCount['nothing'] {
  const refusal = refusalOf(set, asked)
  return refusal === null ? null : { gate: gateOf(refusal), detail: refusal.message }
}

/**
 * Counts what a run would yield now, by the steps of a run up to its set; nothing is written, published or recorded, and
 * nothing is withdrawn from what was published.
 *
 * @throws FlywheelError `invalid_request` for a recipe; a set without rows is an answer here, with what mends it
 */
export async function countExport(options: CountExportOptions): Promise<ExportCount> {
  const outDir = resolve(options.outDir)
  const workspace = await startFolder(outDir)
  const found = await setOf(options, workspace.path).finally(() => workspace.discard())
  const { set, recipe, watermark, parent, superseded } = found
  const shapes = (strategy?: string): Pick<ExportCount, 'pairs' | 'unpaired' | 'supervised'> => {
    const mine = strategy === undefined ? set.kept : set.kept.filter((facts) => facts.strategy === strategy)
    const of = (shape: string): number => mine.filter((facts) => facts.shape === shape).length
    return { pairs: of('preference'), unpaired: of('unpaired'), supervised: of('supervised') }
  }
  const splits = new Map<string, number>()
  for (const { split } of set.kept) splits.set(split, (splits.get(split) ?? 0) + 1)
  return {
    watermark: canonicalTime(watermark),
    recipe_name: recipe.name,
    parent: parent ?? null,
    ...shapes(),
    splits: Object.fromEntries([...splits].sort(([a], [b]) => (a < b ? -1 : 1))),
    strategies: set.strategies.map(({ strategy, candidates }) => ({ strategy, candidates, ...shapes(strategy) })),
    funnel: set.funnel,
    superseded,
    nothing: nothingIn(set, { recipe, parent, superseded: superseded ?? 0 }),
  }
}
