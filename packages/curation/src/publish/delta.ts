import type { CuratedRow, CuratedSet, StrategyCount } from '../curate.js'
import { byCodeUnit, canonicalJson, sha256 } from '../text/canonical-json.js'

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
 * Compares a set with what its chain has given out. Rows that are new or have changed are the delta; rows that no longer
 * stand are superseded by the new row about the same answers, or retracted. A row whose answers the snapshot no longer
 * holds (retention or erasure took them) leaves the chain without a word: a delta is not the list of erased rows.
 * Applied in order, the deltas of a chain less what they supersede are the set.
 *
 * @param before what the chain has given out; empty for its first export
 * @param answersOf HMACs of the interactions behind a row, sorted
 * @param isReadable whether the snapshot still holds an answer with its texts, by its HMAC
 */
export function deltaOf(
  set: Pick<CuratedSet, 'rows'>,
  before: readonly ChainRow[],
  answersOf: (row: CuratedRow) => string[],
  isReadable: (answer: string) => boolean,
): Delta {
  const given = new Map(before.map((row) => [keyOf(row), row]))
  const rows: CuratedRow[] = []
  const chain: ChainRow[] = []
  const successors = new Map<string, string>()
  for (const row of set.rows) {
    const entry = chainRow(row, answersOf(row))
    chain.push(entry)
    const known = given.get(keyOf(entry))
    if (known?.content === entry.content) continue
    rows.push(row)
    if (known !== undefined) continue
    const about = `${entry.shape} ${entry.answers.join(' ')}`
    const other = successors.get(about)
    if (other === undefined || entry.row_id < other) successors.set(about, entry.row_id)
  }
  const now = new Map(chain.map((row) => [keyOf(row), row]))
  const supersedes: Supersedes[] = []
  for (const { row_id, shape, content, answers } of before) {
    const entry = now.get(keyOf({ shape, row_id }))
    if (entry?.content === content) continue
    if (entry !== undefined) supersedes.push({ row_id, shape, by: row_id, reason: 'changed' })
    else if (answers.every(isReadable)) {
      const by = successors.get(`${shape} ${answers.join(' ')}`) ?? null
      supersedes.push({ row_id, shape, by, reason: by === null ? 'retracted' : 'replaced' })
    }
  }
  const order = (a: { shape: string; row_id: string }, b: { shape: string; row_id: string }): number =>
    byCodeUnit(keyOf(a), keyOf(b))
  return { rows, supersedes: supersedes.sort(order), chain: chain.sort(order) }
}

function keptOf(strategy: StrategyCount, rows: readonly CuratedRow[]): StrategyCount {
  const mine = rows.filter(({ meta }) => meta.strategy === strategy.strategy)
  const priors = strategy.priors.map((prior) => ({
    ...prior,
    rows: mine.filter(({ meta }) => meta.prior === prior.prior && meta.prior_source === prior.prior_source).length,
  }))
  return { ...strategy, kept: mine.length, priors: priors.filter(({ rows: count }) => count > 0) }
}

/** The set of a delta: its rows, and one more gate that says how many were given out before. People are the whole set's. */
export function deltaSet(set: CuratedSet, { rows }: Pick<Delta, 'rows'>): CuratedSet {
  const taken = set.rows.length - rows.length
  const dropped: Record<string, number> = taken === 0 ? {} : { exported_before: taken }
  return {
    ...set,
    rows,
    strategies: set.strategies.map((strategy) => keptOf(strategy, rows)),
    funnel: [...set.funnel, { gate: 'delta', in: set.rows.length, out: rows.length, dropped }],
  }
}
