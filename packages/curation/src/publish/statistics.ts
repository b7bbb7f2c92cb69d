import type { CuratedRow, CuratedSet } from '../curate.js'
import { byCodeUnit } from '../text/canonical-json.js'
import { type SideStatistics, sideStatistics, tally } from './side-statistics.js'

/** Figures of a data set that its reader should see before training on it. */
export interface Statistics extends SideStatistics {
  rows: Record<'preference' | 'unpaired' | 'supervised', number>
  /** (sum w)^2 / sum w^2 over preference rows: how many equal rows they are worth. */
  effective_n: number
  users: number
  /** Gini coefficient of rows over users: 0 is even, 1 is one user's set. */
  gini: number
  /** Share of the pairs whose chosen side is longer; .5 is free of length bias. */
  chosen_longer: number | null
  /** Mean of 1 - p over preference rows: the share of pairs expected to be labelled the wrong way round. */
  expected_noise: number | null
  /** Pairs by word distance, ten bins from 0 to 1. */
  edit_distances: number[]
  /** Sides of pairs by characters: below 64, 128, 256 and so on to 32,768, then the rest. */
  lengths: { chosen: number[]; rejected: number[] }
  /** People by how many rows they are behind: 1, 2, 3 to 5, 6 to 10, 11 to 20, 21 to 50, more. */
  rows_per_user: number[]
  labels: { up: number; down: number }
  models: Record<string, number>
  tasks: Record<string, number>
  splits: Record<string, { rows: number; components: number }>
  /** Groups of rows with nearly the same prompt, and the rows in them. */
  near_duplicates: { groups: number; rows: number }
  /** People, sessions and prompt clusters on both sides of the split; must be 0. */
  leaking_members: number
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

function gini(counts: readonly number[]): number {
  const sorted = [...counts].sort((a, b) => a - b)
  const total = sorted.reduce((a, b) => a + b, 0)
  if (total === 0) return 0
  const ranked = sorted.reduce((sum, count, i) => sum + (i + 1) * count, 0)
  return round((2 * ranked) / (sorted.length * total) - (sorted.length + 1) / sorted.length)
}

/** Upper bounds of the bins of `lengths`, without; the last bin has none. */
export const LENGTH_BOUNDS: readonly number[] = Array.from({ length: 10 }, (_, n) => 64 * 2 ** n)

/** Upper bounds of the bins of `rows_per_user`; the last bin has none. */
export const ROWS_PER_USER_BOUNDS: readonly number[] = [1, 2, 5, 10, 20, 50]

function binned(values: readonly number[], isBelow: (value: number, bin: number) => boolean, bins: number): number[] {
  const counts = Array.from({ length: bins + 1 }, () => 0)
  for (const value of values) {
    let bin = 0
    while (bin < bins && !isBelow(value, bin)) bin++
    counts[bin]!++
  }
  return counts
}

function lengthBins(values: readonly number[]): number[] {
  return binned(values, (value, bin) => value < LENGTH_BOUNDS[bin]!, LENGTH_BOUNDS.length)
}

function splitsOf(rows: readonly CuratedRow[]): Statistics['splits'] {
  const splits: Statistics['splits'] = {}
  for (const name of [...new Set(rows.map((row) => row.meta.split))].sort(byCodeUnit)) {
    const mine = rows.filter((row) => row.meta.split === name)
    splits[name] = { rows: mine.length, components: new Set(mine.map((row) => row.meta.component)).size }
  }
  return splits
}

function nearDuplicatesOf(rows: readonly CuratedRow[]): Statistics['near_duplicates'] {
  const groups = rows.map((row) => row.meta.near_duplicates).filter((name) => name !== null)
  return { groups: new Set(groups).size, rows: groups.length }
}

/** Computes the figures of a set. */
export function statisticsOf(set: CuratedSet): Statistics {
  const pairs = set.rows.filter((row) => row.shape === 'preference')
  const unpaired = set.rows.filter((row) => row.shape === 'unpaired')
  const sum = pairs.reduce((total, row) => total + row.meta.weight, 0)
  const squares = pairs.reduce((total, row) => total + row.meta.weight ** 2, 0)
  const longer = pairs.filter((row) => row.meta.chosen_chars > (row.meta.rejected_chars ?? 0)).length
  const distances = Array.from({ length: 10 }, () => 0)
  for (const row of pairs) {
    const bin = Math.min(9, Math.floor((row.meta.edit_distance ?? 0) * 10))
    distances[bin] = (distances[bin] ?? 0) + 1
  }
  return {
    rows: {
      preference: pairs.length,
      unpaired: unpaired.length,
      supervised: set.rows.length - pairs.length - unpaired.length,
    },
    effective_n: squares === 0 ? 0 : round(sum ** 2 / squares),
    users: set.rows_per_user.length,
    gini: gini(set.rows_per_user),
    chosen_longer: pairs.length === 0 ? null : round(longer / pairs.length),
    expected_noise:
      pairs.length === 0 ? null : round(pairs.reduce((total, row) => total + 1 - row.meta.prior, 0) / pairs.length),
    edit_distances: distances,
    lengths: {
      chosen: lengthBins(pairs.map((row) => row.meta.chosen_chars)),
      rejected: lengthBins(pairs.map((row) => row.meta.rejected_chars ?? 0)),
    },
    rows_per_user: binned(
      set.rows_per_user,
      (rows, bin) => rows <= ROWS_PER_USER_BOUNDS[bin]!,
      ROWS_PER_USER_BOUNDS.length,
    ),
    labels: {
      up: unpaired.filter((row) => row.label === true).length,
      down: unpaired.filter((row) => row.label !== true).length,
    },
    models: tally(set.rows.map((row) => row.meta.model)),
    tasks: tally(set.rows.map((row) => row.meta.task)),
    splits: splitsOf(set.rows),
    ...sideStatistics(set),
    near_duplicates: nearDuplicatesOf(set.rows),
    leaking_members: set.leaking_members,
  }
}
