import type { Facts, RowSets } from '../row-facts.js'
import { byCodeUnit } from '../text/canonical-json.js'
import { FeatureCounts } from './feature-counts.js'

const FOLDS = 5
/** Below this many pairs the figure would say more of chance than of the set. */
const MIN_PAIRS = 20

/** A pair: the features of its sides, which are read twice, and the component that keeps it with what belongs to it. */
export type SideFeatures = Pick<Facts, 'component'> & { readonly sets: Pick<RowSets, 'features'> }

/** How well the sides are told apart by someone who never sees a prompt. */
export interface TellApart {
  /** Area under the ROC curve over held-out sides: .5 by chance, 1 always; null below 20 pairs or two components. */
  auc: number | null
  pairs: number
  folds: number
}

/** Fold of each component: the largest first, each to the fold with the fewest pairs, so that no fold is empty. */
function foldsOf(pairs: readonly SideFeatures[], folds: number): Map<string, number> {
  const sizes = new Map<string, number>()
  for (const { component } of pairs) sizes.set(component, (sizes.get(component) ?? 0) + 1)
  const filled = Array.from({ length: folds }, () => 0)
  const fold = new Map<string, number>()
  for (const [component, size] of [...sizes].sort(([a, m], [b, n]) => n - m || byCodeUnit(a, b))) {
    const least = filled.indexOf(Math.min(...filled))
    filled[least] = filled[least]! + size
    fold.set(component, least)
  }
  return fold
}

/** Area under the ROC curve (Mann-Whitney U over both counts), ties by half. */
function areaUnder(positive: readonly number[], negative: readonly number[]): number {
  const all = [...positive.map((value) => ({ value, one: 1 })), ...negative.map((value) => ({ value, one: 0 }))]
  all.sort((a, b) => a.value - b.value)
  let rankSum = 0
  for (let from = 0; from < all.length; ) {
    let to = from
    while (to < all.length && all[to]!.value === all[from]!.value) to++
    // Ranks from + 1 to `to`, shared by all that tie.
    for (let at = from; at < to; at++) rankSum += all[at]!.one * ((from + 1 + to) / 2)
    from = to
  }
  const pairs = positive.length * negative.length
  return (rankSum - (positive.length * (positive.length + 1)) / 2) / pairs
}

/**
 * Trains a naive Bayes classifier on the sides without their prompts and asks it about sides of components it has not
 * seen: what it can tell, a trainer will learn in place of what people meant. Nothing depends on the order of the pairs.
 */
export function tellApart(pairs: readonly SideFeatures[]): TellApart {
  const folds = Math.min(FOLDS, new Set(pairs.map(({ component }) => component)).size)
  if (pairs.length < MIN_PAIRS || folds < 2) return { auc: null, pairs: pairs.length, folds: 0 }
  const fold = foldsOf(pairs, folds)
  const counts = new FeatureCounts(folds)
  for (const { component, sets } of pairs) {
    const { chosen, rejected } = sets.features!
    counts.add(chosen, fold.get(component)!, 0)
    counts.add(rejected, fold.get(component)!, 1)
  }
  const chosen: number[] = []
  const rejected: number[] = []
  for (const { component, sets } of pairs) {
    const features = sets.features!
    // Rounded, so that sums of the same logarithms in another order tie.
    chosen.push(Math.round(counts.score(features.chosen, fold.get(component)!) * 1e9))
    rejected.push(Math.round(counts.score(features.rejected, fold.get(component)!) * 1e9))
  }
  return { auc: Math.round(areaUnder(chosen, rejected) * 1e3) / 1e3, pairs: pairs.length, folds }
}
