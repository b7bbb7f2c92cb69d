import { EVENT_TYPES } from '@flywheel/schema'
import type { Database, QueryLimits, QueryParams } from '../database.js'
import { EVENT_TABLES } from '../rows.js'
import { KEY_BESIDE_ID } from './visible.js'

/** How far the sink has come in one partition of a log. */
export interface LogProgress {
  log_id: string
  partition: number
  /** Next offset to be committed: receipts below it must exist, receipts from it on are not counted yet. */
  committed: number
  /** Next offset to be written. */
  end: number
}

export interface AccountingRequest {
  /** RFC 3339, by receipt. With either bound, `unreceipted` is not looked for. */
  since?: string | undefined
  until?: string | undefined
  /** Accepted lines that wait in the log, from its backlog. @default 0 */
  in_log_lines?: number | undefined
}

/** One event that the sums do not account for. */
export interface AccountingDifference {
  type: string
  id: string
}

/**
 * The sums of one project, each counted where it arises: clients' own counters, receipts, tables. Nothing is inferred
 * from another sum except `repeats` and `pending`.
 */
export interface Accounting {
  /** By clients that say so: events made, dropped before sending, refused by a collector. */
  created: number
  dropped: number
  rejected: number
  /** `created` less what was dropped, rejected or is receipted: still in clients, in flight or in the log. */
  pending: number
  /** Receipt lines plus what waits in the log. */
  accepted: number
  in_log: number
  in_log_records: number
  receipt_lines: number
  /** Different (type, id) in receipts. */
  distinct: number
  /** Receipt lines less `distinct`. */
  repeats: number
  /** (type, id) that came with more than one body. */
  id_reused: number
  /** Of `distinct`, by what is found in the tables now. */
  stored: number
  dead_lettered: number
  erased: number
  expired: number
  /** Log records below the committed boundary that have no receipt, of any project. */
  lost_records: number
  /** In receipts and nowhere else: lost. */
  missing_count: number
  missing: AccountingDifference[]
  /** In a table and in no receipt. */
  unreceipted_count: number
  unreceipted: AccountingDifference[]
  /** Stored more than once under one key. A reused id under another key counts in `id_reused` and is read nowhere. */
  duplicated_count: number
  duplicated: AccountingDifference[]
  /** No difference, nothing lost, and no client has more receipted than it made. */
  balanced: boolean
}

const LIMITS: QueryLimits = { max_execution_time_s: 120, max_memory_bytes: 2 ** 31 }
const SAMPLE = 20

/**
 * Checks receipts against tables for one project, over log positions below the committed boundary.
 *
 * @param log every partition of the log in use; receipts of other logs count in full
 */
export async function accounting(
  db: Database,
  projectId: string,
  request: AccountingRequest,
  log: readonly LogProgress[],
): Promise<Accounting> {
  const params: QueryParams = { project: projectId, since: request.since ?? '', until: request.until ?? '' }
  const isWhole = request.since === undefined && request.until === undefined
  const inside = [
    'project_id = {project:String}',
    request.since === undefined ? 'true' : "received_at >= {since:DateTime64(3, 'UTC')}",
    request.until === undefined ? 'true' : "received_at < {until:DateTime64(3, 'UTC')}",
    committedOnly(log, params, { log_id: 'log_id', partition: 'partition', position: 'position' }),
  ].join(' AND ')
  const [[sums], [clients], lost] = await Promise.all([
    db.query<Sums>(sumsQuery(inside, isWhole, log, params), params, LIMITS),
    db.query<Clients>(clientsQuery(inside), params, LIMITS),
    lostRecords(db, log),
  ])
  const { missing_count, unreceipted_count, duplicated_count } = sums!
  const in_log = request.in_log_lines ?? 0
  const pending = clients!.created - clients!.dropped - clients!.rejected - sums!.by_clients
  return {
    created: clients!.created,
    dropped: clients!.dropped,
    rejected: clients!.rejected,
    pending,
    accepted: sums!.receipt_lines + in_log,
    in_log,
    in_log_records: log.reduce((sum, each) => sum + each.end - each.committed, 0),
    receipt_lines: sums!.receipt_lines,
    distinct: sums!.distinct,
    repeats: sums!.receipt_lines - sums!.distinct,
    id_reused: sums!.id_reused,
    stored: sums!.stored,
    dead_lettered: sums!.dead_lettered,
    erased: sums!.erased,
    expired: sums!.expired,
    lost_records: lost,
    missing_count,
    missing: differences(sums!.missing),
    unreceipted_count,
    unreceipted: differences(sums!.unreceipted),
    duplicated_count,
    duplicated: differences(sums!.duplicated),
    balanced: lost === 0 && missing_count === 0 && unreceipted_count === 0 && duplicated_count === 0 && pending >= 0,
  }
}

interface Clients {
  created: number
  dropped: number
  rejected: number
}

interface Sums {
  receipt_lines: number
  distinct: number
  by_clients: number
  id_reused: number
  stored: number
  dead_lettered: number
  erased: number
  expired: number
  missing_count: number
  unreceipted_count: number
  duplicated_count: number
  missing: [string, string][]
  unreceipted: [string, string][]
  duplicated: [string, string][]
}

/** One state for each (type, id) of receipts and tables; the tables decide before the receipts do. */
function sumsQuery(inside: string, isWhole: boolean, log: readonly LogProgress[], params: QueryParams): string {
  const receipted = `SELECT type, id, count() AS lines, uniqExact(hash) AS bodies, max(outcome = 'erased') AS said_erased,
      max(row_until) AS until, max(client_instance != '') AS by_client
    FROM receipts FINAL ARRAY JOIN types AS type, ids AS id, hashes AS hash, outcomes AS outcome
    WHERE ${inside} GROUP BY type, id`
  const source = {
    log_id: "extract(source, '^(.*)/[0-9]+:')",
    partition: "toUInt32OrZero(extract(source, '/([0-9]+):'))",
    position: "toUInt64OrZero(extract(source, ':([0-9]+)'))",
  }
  const stored = EVENT_TYPES.map(
    (type) => `SELECT '${type}' AS type, toString(id) AS id, count() AS rows,
        count() > uniqExact(${KEY_BESIDE_ID[type]}) AS is_doubled,
        max(${committedOnly(log, params, source)}) AS is_committed
      FROM ${EVENT_TABLES[type]} FINAL
      WHERE project_id = {project:String} AND row_until > now64(3) GROUP BY id`,
  ).join(' UNION ALL ')
  const dead = `SELECT type, event_id FROM dead_letters WHERE project_id = {project:String}`
  const hidden = `SELECT toString(arrayJoin(event_ids)) FROM erasures FINAL WHERE project_id = {project:String}`
  const states = `SELECT type, id, lines, bodies, by_client, rows, is_doubled, multiIf(
        lines = 0, if(is_committed AND id NOT IN (${hidden}), 'unreceipted', 'outside'),
        rows > 0, if(id IN (${hidden}), 'erased', 'stored'),
        id IN (${hidden}) OR said_erased, 'erased',
        until <= now64(3), 'expired',
        (type, id) IN (${dead}), 'dead',
        'missing') AS state
    FROM (${receipted}) AS receipt_rows
    FULL OUTER JOIN (${stored}) AS table_rows USING (type, id)`
  const countOf = (state: string) => `toFloat64(countIf(state = '${state}'))`
  const sampleOf = (condition: string) => `groupArrayIf(${SAMPLE})((type, id), ${condition})`
  const unreceipted = isWhole ? "state = 'unreceipted'" : 'false'
  return `SELECT toFloat64(sum(lines)) AS receipt_lines, toFloat64(countIf(lines > 0)) AS distinct,
      toFloat64(countIf(lines > 0 AND by_client)) AS by_clients, toFloat64(countIf(bodies > 1)) AS id_reused,
      ${countOf('stored')} AS stored, ${countOf('dead')} AS dead_lettered, ${countOf('erased')} AS erased,
      ${countOf('expired')} AS expired, ${countOf('missing')} AS missing_count,
      toFloat64(countIf(${unreceipted})) AS unreceipted_count, toFloat64(countIf(is_doubled)) AS duplicated_count,
      ${sampleOf("state = 'missing'")} AS missing, ${sampleOf(unreceipted)} AS unreceipted,
      ${sampleOf('is_doubled')} AS duplicated
    FROM (${states})`
}

/** Each client instance's latest totals, summed. */
function clientsQuery(inside: string): string {
  return `SELECT toFloat64(sum(made)) AS created, toFloat64(sum(lost)) AS dropped, toFloat64(sum(refused)) AS rejected
    FROM (SELECT max(client_created) AS made, max(client_dropped) AS lost, max(client_rejected) AS refused
      FROM receipts FINAL WHERE ${inside} AND client_instance != '' GROUP BY client_instance)`
}

/** A condition that leaves out positions at or above the committed boundary of the logs in use. */
function committedOnly(
  log: readonly LogProgress[],
  params: QueryParams,
  columns: { log_id: string; partition: string; position: string },
): string {
  const beyond = log.map((each, index) => {
    params[`log_${index}`] = each.log_id
    return `(${columns.log_id} = {log_${index}:String} AND ${columns.partition} = ${Math.trunc(each.partition)}
      AND ${columns.position} >= ${Math.trunc(each.committed)})`
  })
  return beyond.length === 0 ? 'true' : `NOT (${beyond.join(' OR ')})`
}

/** Holes: committed positions without a receipt. A record is of one project, but a lost one cannot say of which. */
async function lostRecords(db: Database, log: readonly LogProgress[]): Promise<number> {
  let lost = 0
  for (const { log_id, partition, committed } of log) {
    const [row] = await db.query<{ receipted: number }>(
      `SELECT toFloat64(uniqExact(position)) AS receipted FROM receipts
       WHERE log_id = {log:String} AND partition = {partition:UInt32} AND position < {committed:UInt64}`,
      { log: log_id, partition, committed },
      LIMITS,
    )
    lost += committed - (row?.receipted ?? 0)
  }
  return lost
}

function differences(pairs: readonly [string, string][]): AccountingDifference[] {
  return pairs.map(([type, id]) => ({ type, id }))
}
