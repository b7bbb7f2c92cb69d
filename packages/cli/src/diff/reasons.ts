import type { GateCount } from './causes.js'
import type { RowChange } from './compare-rows.js'
import { metaLines, type PublishedSet } from './published-set.js'

/** Why one row is in one set alone, as the sets themselves say it, and the row in its place where there is one. */
export interface Reason {
  reason: string
  by?: string
}

/** What the codes of reasons mean, of rows that are not in the set named. */
const REASONS: Record<string, (other: string, gates: readonly GateCount[]) => string> = {
  erased: () => 'whoever is behind them was erased',
  withdrawn: () => 'their consent was withdrawn',
  events_gone: () => 'what they were made of was erased, or is past its retention',
  retracted: () => 'the feedback behind them was taken back',
  replaced: () => 'later feedback took the place of theirs',
  changed: (other) => `${other} holds them with other content`,
  exported_before: (other) => `an earlier export of the chain of ${other} holds them, and they stand`,
  strategy_not_asked: (other) => `the recipe of ${other} does not name their strategy`,
  taken_by_gate: (other, gates) => `what they are made of still stands: ${takenBy(other, gates)}`,
  not_sampled: (other) =>
    `${other} has no fresh side for them: see its card for what was left out and how many were asked`,
  not_there_yet: (other) => `${other} is of an earlier time, or its gates took them, see below`,
  no_longer_there: (other) => `later feedback that ${other} knows took the place of theirs, or its gates took them`,
  not_told: () => 'not told by the files: name the exports by id, and the server says what became of their feedback',
}

/** A reason in words, of rows that are not in `other`. */
export function becauseOf(reason: string, other: string, gates: readonly GateCount[] = []): string {
  return REASONS[reason]?.(other, gates) ?? reason
}

/** Manifests count what a gate took and name no row: where several took more, it was one of them. */
function takenBy(other: string, gates: readonly GateCount[]): string {
  if (gates.length === 0) return `a gate of ${other} took them in the place of as many others`
  const named = gates.map(({ gate, reason, more }) => `${gate} (${reason}, ${more} more)`)
  return `${gates.length === 1 ? 'the gate' : 'gates'} of ${other} took them: ${named.join(', ')}`
}

type Key = Pick<RowChange, 'shape' | 'row_id'>
const keyOf = ({ shape, row_id }: Key): string => `${shape}/${row_id}`

interface Line {
  row_id: string
  shape: string
  reason: string
  by: string | null
}

/**
 * Why rows that only `other` has are not in `set`, by what the files and the recipe of `set` say; a row of which they
 * say nothing has no reason.
 */
export async function reasonsOf(rows: readonly RowChange[], set: PublishedSet): Promise<Map<string, Reason>> {
  const reasons = new Map<string, Reason>()
  const missing = new Set(rows.map(keyOf))
  const strategies = new Set(set.manifest.recipe.strategies)
  for (const row of rows) if (!strategies.has(row.strategy)) reasons.set(keyOf(row), { reason: 'strategy_not_asked' })
  // What is said of a row itself counts more than what follows from the recipe, and an erasure more than all.
  for await (const line of metaLines<Line>(set.dir, 'meta/chain.jsonl')) {
    if (missing.has(keyOf(line))) reasons.set(keyOf(line), { reason: 'exported_before' })
  }
  for await (const { by, reason, ...line } of metaLines<Line>(set.dir, 'meta/supersedes.jsonl')) {
    if (missing.has(keyOf(line))) reasons.set(keyOf(line), { reason, ...(by === null ? {} : { by }) })
  }
  const erased = new Map<string, string>()
  for await (const { row_id, reason } of metaLines<Line>(set.dir, 'meta/erased.jsonl')) erased.set(row_id, reason)
  for (const row of rows) {
    const reason = erased.get(row.row_id)
    if (reason !== undefined) reasons.set(keyOf(row), { reason })
  }
  return reasons
}

/** The reason of a row in the map of `reasonsOf`. */
export function reasonOf(row: Key, reasons: ReadonlyMap<string, Reason>): Reason | undefined {
  return reasons.get(keyOf(row))
}
