import type { CuratedSet } from '../curate.js'
import type { CuratedRow, RowMeta } from '../row.js'
import type { SetSummary } from '../settle.js'
import { byCodeUnit } from '../text/canonical-json.js'
import { type SideStatistics, SideStatisticsBuilder, Tally } from './side-statistics.js'

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

/** Counts values in bins; what is in none of them is in one more. */
class Bins {
  readonly counts: number[]
  readonly #bounds: readonly number[]
  readonly #isWithin: (value: number, bound: number) => boolean

  constructor(bounds: readonly number[], isWithin: (value: number, bound: number) => boolean) {
    this.#bounds = bounds
    this.#isWithin = isWithin
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  add(value: number): void {
    let bin = 0
    while (bin < this.#bounds.length && !this.#isWithin(value, this.#bounds[bin]!)) bin++
    this.counts[bin]!++
  }
}

function lengthBins(): Bins {
  return new Bins(LENGTH_BOUNDS, (value, bound) => value < bound)
}

// Their tokenizers give about a token to each character, those of alphabets one to about four.
const TOKEN_A_CHARACTER = new Set(['zh', 'ja', 'ko'])

/** An estimate of the tokens of prompt and longest side, without any model's tokenizer. */
function estimatedTokens(meta: Pick<RowMeta, 'language' | 'prompt_chars' | 'chosen_chars' | 'rejected_chars'>): number {
  const characters = meta.prompt_chars + Math.max(meta.chosen_chars, meta.rejected_chars ?? 0)
  return TOKEN_A_CHARACTER.has(meta.language) ? characters : Math.ceil(characters / 4)
}

/** Adds up the figures of a set, row by row in the order of their ids. */
export class StatisticsBuilder {
  readonly #rows = { preference: 0, unpaired: 0, supervised: 0 }
  readonly #weights = { sum: 0, squares: 0 }
  #longer = 0
  #noise = 0
  readonly #distances: number[] = Array.from({ length: 10 }, () => 0)
  readonly #lengths = { chosen: lengthBins(), rejected: lengthBins() }
  readonly #labels = { up: 0, down: 0 }
  readonly #trainLabels = { up: 0, down: 0 }
  readonly #models = new Tally()
  readonly #tasks = new Tally()
  readonly #splits = new Map<string, { rows: number; components: Set<string> }>()
  readonly #near = { groups: new Set<string>(), rows: 0 }
  readonly #sides = new SideStatisticsBuilder()
  readonly #consents = new Tally()
  /** Rows by an estimate of their tokens. */
  readonly #tokens = new Map<number, number>()

  add(row: Pick<CuratedRow, 'shape' | 'label' | 'meta'>): void {
    const { shape, label, meta } = row
    this.#rows[shape]++
    if (shape === 'preference') this.#addPair(meta)
    if (shape === 'unpaired') {
      this.#labels[label === true ? 'up' : 'down']++
      if (meta.split === 'train') this.#trainLabels[label === true ? 'up' : 'down']++
    }
    this.#models.add(meta.model)
    this.#tasks.add(meta.task)
    const split = this.#splits.get(meta.split) ?? { rows: 0, components: new Set() }
    this.#splits.set(meta.split, split)
    split.rows++
    split.components.add(meta.component)
    if (meta.near_duplicates !== null) {
      this.#near.groups.add(meta.near_duplicates)
      this.#near.rows++
    }
    this.#sides.add(row)
    this.#consents.add(meta.consent)
    const tokens = estimatedTokens(meta)
    this.#tokens.set(tokens, (this.#tokens.get(tokens) ?? 0) + 1)
  }

  #addPair(meta: RowMeta): void {
    this.#weights.sum += meta.weight
    this.#weights.squares += meta.weight ** 2
    this.#noise += 1 - meta.prior
    if (meta.chosen_chars > (meta.rejected_chars ?? 0)) this.#longer++
    const bin = Math.min(9, Math.floor((meta.edit_distance ?? 0) * 10))
    this.#distances[bin]!++
    this.#lengths.chosen.add(meta.chosen_chars)
    this.#lengths.rejected.add(meta.rejected_chars ?? 0)
  }

  /** Labels of the unpaired rows that a trainer is given. */
  trainLabels(): Statistics['labels'] {
    return { ...this.#trainLabels }
  }

  /** Rows by what their consent rests on. */
  consents(): Record<string, number> {
    return this.#consents.finish()
  }

  /** Share of the rows whose estimate is above so many tokens; null without rows. */
  longerThan(tokens: number): number | null {
    let [all, longer] = [0, 0]
    for (const [count, rows] of this.#tokens) {
      all += rows
      if (count > tokens) longer += rows
    }
    return all === 0 ? null : round(longer / all)
  }

  /** The 95th percentile of the estimated tokens. */
  tokens(): number {
    const sorted = [...this.#tokens].sort(([a], [b]) => a - b)
    const total = sorted.reduce((sum, [, rows]) => sum + rows, 0)
    let left = Math.floor(total * 0.95)
    for (const [tokens, rows] of sorted) {
      if (left < rows) return tokens
      left -= rows
    }
    return 0
  }

  finish(set: Pick<SetSummary, 'rows_per_user' | 'leaking_members' | 'tells_sides_apart'>): Statistics {
    const { sum, squares } = this.#weights
    const pairs = this.#rows.preference
    const people = new Bins(ROWS_PER_USER_BOUNDS, (rows, bound) => rows <= bound)
    for (const rows of set.rows_per_user) people.add(rows)
    const splits = [...this.#splits].sort(([a], [b]) => byCodeUnit(a, b))
    return {
      rows: { ...this.#rows },
      effective_n: squares === 0 ? 0 : round(sum ** 2 / squares),
      users: set.rows_per_user.length,
      gini: gini(set.rows_per_user),
      chosen_longer: pairs === 0 ? null : round(this.#longer / pairs),
      expected_noise: pairs === 0 ? null : round(this.#noise / pairs),
      edit_distances: [...this.#distances],
      lengths: { chosen: this.#lengths.chosen.counts, rejected: this.#lengths.rejected.counts },
      rows_per_user: people.counts,
      labels: { ...this.#labels },
      models: this.#models.finish(),
      tasks: this.#tasks.finish(),
      splits: Object.fromEntries(
        splits.map(([name, { rows, components }]) => [name, { rows, components: components.size }]),
      ),
      ...this.#sides.finish(set.tells_sides_apart),
      near_duplicates: { groups: this.#near.groups.size, rows: this.#near.rows },
      leaking_members: set.leaking_members,
    }
  }
}

/** The figures of a set in memory. */
export function statisticsOf({ rows, ...set }: CuratedSet): Statistics {
  const builder = new StatisticsBuilder()
  for (const row of rows) builder.add(row)
  return builder.finish(set)
}
