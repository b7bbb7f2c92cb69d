import type { CuratedSet } from '../curate.js'
import type { CuratedRow } from '../row.js'
import type { SetSummary, StrategyCount } from '../settle.js'
import { canonicalJson, sha256 } from '../text/canonical-json.js'
import { sortedBy } from '../text/sorted-by.js'

/** A row that a chain of exports has given out and that still stands, without its texts. */
export interface ChainRow {
  row_id: string
  shape: string
  /** SHA-256 of what a trainer learns from the row. */
  content: string
  /** HMACs of the interactions that the row is about, sorted. */
  answers: string[]
}

/** A row given out before that no longer stands. */
export interface Supersedes {
  row_id: string
  shape: string
  /** The row of this delta about the same answers, if there is one. */
  by: string | null
  /** `replaced` by another row, `changed` under its own id, or `retracted`: nothing stands in its place. */
  reason: 'replaced' | 'changed' | 'retracted'
}

/** What a delta holds of a set, and what it says of earlier exports of its chain. */
export interface Delta {
  rows: CuratedRow[]
  supersedes: Supersedes[]
  /** The whole set as the chain has given it out after this delta. */
  chain: ChainRow[]
}

const keyOf = ({ shape, row_id }: { shape: string; row_id: string }): string => `${shape}/${row_id}`

function chainRow(row: CuratedRow, answers: string[]): ChainRow {
  const { shape, prompt, tools, chosen, rejected, label, meta } = row
  const said = { prompt, tools, chosen, rejected: rejected ?? null, label: label ?? null, weight: meta.weight }
  return { row_id: meta.row_id, shape, content: sha256(canonicalJson(said)), answers }
}

/**
 * Compares a set with what its chain has given out, row by row. Rows that are new or have changed are the delta; rows
 * that no longer stand are superseded by the new row about the same answers, or retracted. A row whose answers the
 * snapshot no longer holds (retention or erasure took them) leaves the chain without a word: a delta is not the list of
 * erased rows. Applied in order, the deltas of a chain less what they supersede are the set.
 */
export class DeltaBuilder {
  readonly #before: readonly ChainRow[]
  readonly #given: ReadonlyMap<string, ChainRow>
  readonly #chain: ChainRow[] = []
  readonly #successors = new Map<string, string>()
  readonly #kept = new Map<string, Map<string, number>>()
  #rows = 0

  /** @param before what the chain has given out; empty for its first export */
  constructor(before: readonly ChainRow[]) {
    this.#before = before
    this.#given = new Map(before.map((row) => [keyOf(row), row]))
  }

  /**
   * @param answers HMACs of the interactions behind the row, sorted
   * @returns whether the delta holds the row
   */
  add(row: CuratedRow, answers: string[]): boolean {
    const entry = chainRow(row, answers)
    this.#chain.push(entry)
    const known = this.#given.get(keyOf(entry))
    if (known?.content === entry.content) return false
    this.#rows++
    const { strategy, prior, prior_source } = row.meta
    const mine = this.#kept.get(strategy) ?? new Map<string, number>()
    this.#kept.set(strategy, mine)
    mine.set(`${prior}/${prior_source}`, (mine.get(`${prior}/${prior_source}`) ?? 0) + 1)
    // What the first of a chain holds succeeds nothing.
    if (known !== undefined || this.#before.length === 0) return true
    const about = `${entry.shape} ${entry.answers.join(' ')}`
    const other = this.#successors.get(about)
    if (other === undefined || entry.row_id < other) this.#successors.set(about, entry.row_id)
    return true
  }

  /**
   * A row that is known to say what it said when the chain gave it out.
   * @returns whether the chain has given it out; else it must be added
   */
  stands(row: { shape: string; row_id: string }): boolean {
    const known = this.#given.get(keyOf(row))
    if (known !== undefined) this.#chain.push(known)
    return known !== undefined
  }

  /** @param isReadable whether the snapshot still holds an answer with its texts, by its HMAC */
  finish(isReadable: (answer: string) => boolean): Pick<Delta, 'supersedes' | 'chain'> {
    const now = new Map<string, ChainRow>()
    if (this.#before.length > 0) for (const row of this.#chain) now.set(keyOf(row), row)
    const supersedes: Supersedes[] = []
    for (const { row_id, shape, content, answers } of this.#before) {
      const entry = now.get(keyOf({ shape, row_id }))
      if (entry?.content === content) continue
      if (entry !== undefined) supersedes.push({ row_id, shape, by: row_id, reason: 'changed' })
      else if (answers.every(isReadable)) {
        const by = this.#successors.get(`${shape} ${answers.join(' ')}`) ?? null
        supersedes.push({ row_id, shape, by, reason: by === null ? 'retracted' : 'replaced' })
      }
    }
    return { supersedes: sortedBy(supersedes, keyOf), chain: sortedBy(this.#chain, keyOf) }
  }

  /** The summary of the delta's rows, with one more gate that says how many were given out before. People are the whole set's. */
  summaryOf<Set extends SetSummary>(set: Set): Set {
    const came = set.funnel.at(-1)?.out ?? 0
    const taken = came - this.#rows
    const dropped: Record<string, number> = taken === 0 ? {} : { exported_before: taken }
    const strategies = set.strategies.map((strategy): StrategyCount => {
      const mine = this.#kept.get(strategy.strategy) ?? new Map<string, number>()
      const priors = strategy.priors.map((each) => ({
        ...each,
        rows: mine.get(`${each.prior}/${each.prior_source}`) ?? 0,
      }))
      const kept = [...mine.values()].reduce((sum, rows) => sum + rows, 0)
      return { ...strategy, kept, priors: priors.filter(({ rows }) => rows > 0) }
    })
    return { ...set, strategies, funnel: [...set.funnel, { gate: 'delta', in: came, out: this.#rows, dropped }] }
  }
}

/**
 * The delta of a set in memory.
 * @param answersOf HMACs of the interactions behind a row, sorted
 */
export function deltaOf(
  { rows }: Pick<CuratedSet, 'rows'>,
  before: readonly ChainRow[],
  answersOf: (row: CuratedRow) => string[],
  isReadable: (answer: string) => boolean,
): Delta & { builder: DeltaBuilder } {
  const builder = new DeltaBuilder(before)
  const mine = rows.filter((row) => builder.add(row, answersOf(row)))
  return { rows: mine, ...builder.finish(isReadable), builder }
}

/** The set of a delta in memory. */
export function deltaSet(
  set: CuratedSet,
  { rows, builder }: Pick<Delta, 'rows'> & { builder: DeltaBuilder },
): CuratedSet {
  return { ...builder.summaryOf(set), rows }
}
