import { EVENT_TYPES, type EventType } from '@flywheel/schema'
import type { Database } from '../database.js'
import { EVENT_TABLES } from '../rows.js'
import { ACCOUNTING_LIMITS, type AccountingScope } from './accounting-scope.js'
import { KEY_BESIDE_ID } from './visible.js'

const NUMBERS = [
  'receipt_lines',
  'distinct',
  'by_clients',
  'id_reused',
  'stored',
  'dead_lettered',
  'erased',
  'expired',
  'missing_count',
  'unreceipted_count',
  'duplicated_count',
] as const

type Numbers = Record<(typeof NUMBERS)[number], number>

/** Events that do not add up, as (number of the type, id). */
export interface Candidates {
  missing: [number, string][]
  unreceipted: [number, string][]
  duplicated: [number, string][]
}

/** An event by name. */
export interface EventName {
  type: EventType
  id: string
}

/** How many of each kind are named. */
const SAMPLE = 20

/** Counts over receipts and tables, in as many slices of the ids as keep one slice within `sliceEvents`. */
export async function sumsOf(
  db: Database,
  scope: AccountingScope,
  sliceEvents: number,
): Promise<Numbers & { candidates: Candidates }> {
  const slices = Math.max(1, Math.ceil((await mostEvents(db, scope)) / sliceEvents))
  const sums = Object.fromEntries(NUMBERS.map((name) => [name, 0])) as Numbers
  const candidates: Candidates = { missing: [], unreceipted: [], duplicated: [] }
  for (let slice = 0; slice < slices; slice++) {
    const [row] = await db.query<Numbers & Candidates>(sumsQuery(scope, slice, slices), scope.params, ACCOUNTING_LIMITS)
    for (const name of NUMBERS) sums[name] += row![name]
    for (const kind of ['missing', 'unreceipted', 'duplicated'] as const) candidates[kind].push(...row![kind])
  }
  return { ...sums, candidates }
}

/** The first of each kind, by name. */
export function candidateSamples(candidates: Candidates): Record<keyof Candidates, EventName[]> {
  const named = (found: [number, string][]) =>
    found.slice(0, SAMPLE).map(([type, id]): EventName => ({ type: EVENT_TYPES[type - 1]!, id }))
  return {
    missing: named(candidates.missing),
    unreceipted: named(candidates.unreceipted),
    duplicated: named(candidates.duplicated),
  }
}

/** At most so many different events are in the range. */
async function mostEvents(db: Database, scope: AccountingScope): Promise<number> {
  const rows = EVENT_TYPES.map(
    (type) => `(SELECT count() FROM ${EVENT_TABLES[type]} WHERE project_id = {project:String})`,
  )
  const [row] = await db.query<{ most: number }>(
    `SELECT toFloat64(sum(length(ids)) + ${rows.join(' + ')}) AS most FROM receipts
     WHERE project_id = {project:String} AND ${scope.inRange}`,
    scope.params,
    ACCOUNTING_LIMITS,
  )
  return row?.most ?? 0
}

/**
 * One state for each (type, id) of receipts, tables and dead letters; the tables decide before the receipts do. A union
 * with one GROUP BY holds a third of what a join of the three would.
 */
function sumsQuery(scope: AccountingScope, slice: number, slices: number): string {
  const mine = (id: string) => (slices === 1 ? 'true' : `cityHash64(${id}) % ${slices} = ${slice}`)
  const project = 'project_id = {project:String}'
  const now = "{now:DateTime64(3, 'UTC')}"
  const typeNumber = (type: string) =>
    `toUInt8(indexOf([${EVENT_TYPES.map((each) => `'${each}'`).join(', ')}], ${type}))`
  const receipted = `SELECT ${typeNumber('event_type')} AS type, toUUIDOrZero(event_id) AS id, toUInt32(1) AS line,
      reinterpretAsUInt64(unhex(hash)) AS body, outcome = 'erased' AS said_erased,
      event_type != 'consent' AND row_until <= ${now} AS is_past, client_instance != '' AS by_client,
      toUInt32(0) AS rows, false AS is_doubled, false AS is_claimed, false AS is_dead
    FROM receipts FINAL ARRAY JOIN types AS event_type, ids AS event_id, hashes AS hash, outcomes AS outcome
    WHERE ${project} AND ${scope.inRange} AND ${scope.committed('log_id', 'partition', 'position')}
      AND ${mine('toUUIDOrZero(event_id)')}`
  const nothing = 'toUInt32(0), toUInt64(0), false, true, false'
  const stored = EVENT_TYPES.map((type) => {
    const key = KEY_BESIDE_ID[type]
    // Whether its own record's receipt must be in the range.
    const claimed = `${scope.inRange} AND ${scope.committedSource('source')}`
    return `SELECT ${typeNumber(`'${type}'`)}, id, ${nothing}, toUInt32(sum(copies)), max(copies) > 1, max(claimed), false
      FROM (SELECT id, ${key} AS key, count() AS copies, max(${claimed}) AS claimed FROM ${EVENT_TABLES[type]} FINAL
        WHERE ${project} AND row_until > ${now} AND ${mine('id')} GROUP BY id, key)
      GROUP BY id`
  })
  const dead = `SELECT ${typeNumber('type')}, toUUIDOrZero(event_id), ${nothing}, toUInt32(0), false, false, true
    FROM dead_letters WHERE ${project} AND ${mine('toUUIDOrZero(event_id)')}`
  const hidden = `id IN (SELECT arrayJoin(event_ids) FROM erasures FINAL WHERE ${project})`
  const events = `SELECT type, id, sum(line) AS lines, sum(rows) AS copies, max(is_doubled) AS doubled,
      minIf(body, line = 1) != maxIf(body, line = 1) AS is_reused, max(by_client) AS is_counted,
      multiIf(
        lines = 0, if(max(is_claimed) AND NOT (${hidden}), 'unreceipted', 'outside'),
        copies > 0, if(${hidden}, 'erased', 'stored'),
        ${hidden} OR max(said_erased), 'erased',
        min(is_past), 'expired',
        max(is_dead), 'dead',
        'missing') AS state
    FROM (${[receipted, ...stored, dead].join(' UNION ALL ')}) GROUP BY type, id`
  const count = (condition: string) => `toFloat64(countIf(${condition}))`
  const sample = (condition: string) => `groupArrayIf(${SAMPLE})((type, toString(id)), ${condition})`
  return `SELECT toFloat64(sum(lines)) AS receipt_lines, ${count('lines > 0')} AS distinct,
      ${count('lines > 0 AND is_counted')} AS by_clients, ${count('is_reused')} AS id_reused,
      ${count("state = 'stored'")} AS stored, ${count("state = 'dead'")} AS dead_lettered,
      ${count("state = 'erased'")} AS erased, ${count("state = 'expired'")} AS expired,
      ${count("state = 'missing'")} AS missing_count, ${count("state = 'unreceipted'")} AS unreceipted_count,
      ${count('doubled')} AS duplicated_count,
      ${sample("state = 'missing'")} AS missing, ${sample("state = 'unreceipted'")} AS unreceipted,
      ${sample('doubled')} AS duplicated
    FROM (${events})`
}
