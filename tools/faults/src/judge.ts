import type { EventType } from '@flywheel/schema'
import type { JournalEntry } from './journal.js'

/** What is found in the store, read from outside. */
export interface Observed {
  /** Of each table with FINAL: id to the number of rows. */
  tables: Record<EventType, Map<string, number>>
  /** Of each table without FINAL: how many different ids. */
  plainIds: Record<EventType, number>
  /** Ids of dead letters, whatever their type. */
  dead: ReadonlySet<string>
  accounting: AccountingAnswer
}

/** What the harness reads of `GET /v1/accounting`. */
export interface AccountingAnswer {
  created: number
  accepted: number
  in_log_records: number | null
  distinct: number
  receipt_lines: number
  repeats: number
  stored: number
  dead_lettered: number
  erased: number
  expired: number
  lost_records: number
  missing_count: number
  unreceipted_count: number
  duplicated_count: number
  balanced: boolean
  problems?: string[]
}

export type ProblemKind = 'lost' | 'twice' | 'stranger' | 'dead_unplanted' | 'resurrected' | 'accounting'

export interface Problem {
  kind: ProblemKind
  count: number
  /** The first few. */
  examples: string[]
}

/** Everything that a journal and what is stored disagree on; nothing where all is well. */
export function judge(entries: readonly JournalEntry[], observed: Observed): Problem[] {
  const found: Record<ProblemKind, string[]> = {
    lost: [],
    twice: [],
    stranger: [],
    dead_unplanted: [],
    resurrected: [],
    accounting: [],
  }
  const known = new Map(entries.map((entry) => [entry.id, entry]))
  for (const { type, id, fate, planted, isUncertain } of entries) {
    const isStored = observed.tables[type].has(id)
    const isDead = observed.dead.has(id)
    const name = `${type} ${id}`
    if (fate === 'accepted' && !(planted === 'poison' ? isDead : isStored)) found.lost.push(name)
    if (isDead && planted !== 'poison') found.dead_unplanted.push(name)
    if (isStored && planted !== null) found.stranger.push(`${name}, planted as ${planted}`)
    if (isStored && fate === 'rejected' && !isUncertain) found.stranger.push(`${name}, rejected`)
    if ((isStored || isDead) && fate === 'erased') found.resurrected.push(name)
  }
  for (const [type, rows] of Object.entries(observed.tables) as [EventType, Map<string, number>][]) {
    for (const [id, copies] of rows) {
      if (copies !== 1) found.twice.push(`${type} ${id}: ${copies} rows with FINAL`)
      if (known.get(id)?.type !== type) found.stranger.push(`${type} ${id}, never sent`)
    }
    if (observed.plainIds[type] !== rows.size) {
      found.stranger.push(`${type}: ${observed.plainIds[type]} ids without FINAL, ${rows.size} with it`)
    }
  }
  for (const id of observed.dead) if (!known.has(id)) found.stranger.push(`dead letter ${id}, never sent`)
  found.accounting.push(...unbalanced(entries, observed))
  return (Object.entries(found) as [ProblemKind, string[]][])
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => ({ kind, count: names.length, examples: names.slice(0, 5) }))
}

/** Sums that are not those of the journal and the tables, as sentences. */
function unbalanced(entries: readonly JournalEntry[], { tables, dead, accounting: sums }: Observed): string[] {
  const stored = Object.values(tables).reduce((sum, rows) => sum + rows.size, 0)
  const erased = entries.filter(({ fate }) => fate === 'erased').length
  const expected: [keyof AccountingAnswer, number | boolean][] = [
    ['balanced', true],
    ['in_log_records', 0],
    ['created', entries.length],
    ['distinct', stored + dead.size + erased],
    ['stored', stored],
    ['dead_lettered', dead.size],
    ['erased', erased],
    ['expired', 0],
    ['accepted', sums.receipt_lines],
    ['repeats', sums.receipt_lines - sums.distinct],
    ['lost_records', 0],
    ['missing_count', 0],
    ['unreceipted_count', 0],
    ['duplicated_count', 0],
  ]
  const wrong = expected
    .filter(([name, value]) => sums[name] !== value)
    .map(([name, value]) => `${name} is ${String(sums[name])}, expected ${value}`)
  return [...wrong, ...(wrong.length > 0 ? (sums.problems ?? []).slice(0, 2) : [])]
}
