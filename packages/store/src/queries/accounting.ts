import type { EventType } from '@flywheel/schema'
import type { Database } from '../database.js'
import { missingPlaces, rowPlaces } from './accounting-places.js'
import { accountingProblems } from './accounting-problems.js'
import { ACCOUNTING_LIMITS, type AccountingScope, scopeOf } from './accounting-scope.js'
import { type Candidates, candidateSamples, sumsOf } from './accounting-sums.js'
import { type LostPositions, lostPositions } from './lost-positions.js'

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
  /** RFC 3339, by receipt. */
  since?: string | undefined
  until?: string | undefined
  /** Accepted lines of this project that wait in the log; null where the log cannot tell. @default 0 */
  in_log_lines?: number | null | undefined
  /** Most (type, id) that are held in memory at a time; about 200 bytes each. @default 1_000_000 */
  slice_events?: number
}

/** One event that the sums do not account for, and where to look for it. */
export interface AccountingDifference {
  type: EventType
  id: string
  /** Where the row is, or should be. */
  table: string
  /** The log record that brought it. */
  log_id: string
  partition: number
  position: number
}

/**
 * The sums of one project, each counted where it arises: clients' own counters, receipts, tables. Nothing is inferred
 * from another sum except `repeats`, `pending` and `given_up_but_accepted`.
 */
export interface Accounting {
  /** By clients that say so, in the range: events made, dropped before sending, refused by a collector. */
  created: number
  dropped: number
  rejected: number
  /**
   * `created` less what was dropped, rejected or is receipted: still in clients, in flight or in the log, or gone with a
   * process that could not spool. In a range it is what the range added, and less than 0 where it took away.
   */
  pending: number
  /** Dropped or rejected by a client that never saw the answer, and accepted nevertheless: at least so many. */
  given_up_but_accepted: number
  /** Receipt lines plus what waits in the log. */
  accepted: number
  /** Null: lines of several projects wait in the log, and it cannot tell whose. */
  in_log: number | null
  /** Of every project. */
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
  /** Log records below the committed boundary that have no receipt, of any project and any time. */
  lost_records: number
  /** The first of them, as ranges of positions, both ends included. */
  lost: LostPositions[]
  /** In receipts and nowhere else: lost. */
  missing_count: number
  missing: AccountingDifference[]
  /** In a table and in no receipt. */
  unreceipted_count: number
  unreceipted: AccountingDifference[]
  /** Stored more than once under one key. A reused id under another key counts in `id_reused` and is read nowhere. */
  duplicated_count: number
  duplicated: AccountingDifference[]
  /** No difference, nothing lost, and clients have no more receipted than they made. */
  balanced: boolean
  /** One sentence for each thing that does not add up: what, which ids and positions, and what to do. */
  problems: string[]
}

/**
 * Checks receipts against tables for one project, over log positions below the committed boundary.
 *
 * Ask the log for its progress before calling this: what is below that boundary was inserted before it was committed, so
 * every read after it must find it, whatever is being written meanwhile.
 *
 * @param log every partition of the log in use; receipts of other logs count in full
 */
export async function accounting(
  db: Database,
  projectId: string,
  request: AccountingRequest,
  log: readonly LogProgress[],
): Promise<Accounting> {
  const scope = scopeOf(projectId, request, log)
  const [sums, clients, holes] = await Promise.all([
    sumsOf(db, scope, request.slice_events ?? 1_000_000),
    clientSums(db, scope),
    lostPositions(db, log),
  ])
  const { candidates, ...counts } = sums
  const in_log = request.in_log_lines === undefined ? 0 : request.in_log_lines
  const given = clients.dropped + clients.rejected + counts.by_clients
  const isWhole = request.since === undefined && request.until === undefined
  const result: Omit<Accounting, 'balanced' | 'problems'> = {
    created: clients.created,
    dropped: clients.dropped,
    rejected: clients.rejected,
    pending: isWhole ? Math.max(0, clients.created - given) : clients.created - given,
    given_up_but_accepted: isWhole ? Math.max(0, given - clients.created) : 0,
    accepted: counts.receipt_lines + (in_log ?? 0),
    in_log,
    in_log_records: log.reduce((sum, each) => sum + each.end - each.committed, 0),
    receipt_lines: counts.receipt_lines,
    distinct: counts.distinct,
    repeats: counts.receipt_lines - counts.distinct,
    id_reused: counts.id_reused,
    stored: counts.stored,
    dead_lettered: counts.dead_lettered,
    erased: counts.erased,
    expired: counts.expired,
    lost_records: holes.count,
    lost: holes.ranges,
    missing_count: counts.missing_count,
    unreceipted_count: counts.unreceipted_count,
    duplicated_count: counts.duplicated_count,
    ...(await placesOf(db, scope, candidates)),
  }
  const unmade = isWhole ? Math.max(0, counts.by_clients - clients.created) : 0
  const problems = accountingProblems(result, unmade)
  return { ...result, balanced: problems.length === 0, problems }
}

async function placesOf(
  db: Database,
  scope: AccountingScope,
  candidates: Candidates,
): Promise<Pick<Accounting, 'missing' | 'unreceipted' | 'duplicated'>> {
  const { missing, unreceipted, duplicated } = candidateSamples(candidates)
  return {
    missing: missing.length === 0 ? [] : await missingPlaces(db, scope, missing),
    unreceipted: unreceipted.length === 0 ? [] : await rowPlaces(db, scope, unreceipted),
    duplicated: duplicated.length === 0 ? [] : await rowPlaces(db, scope, duplicated),
  }
}

interface ClientSums {
  created: number
  dropped: number
  rejected: number
}

/**
 * What clients counted in the range: each instance's totals only grow, so its greatest before the end less its greatest
 * before the start, whatever order its requests came in and however often. A client that starts again is a new instance.
 */
async function clientSums(db: Database, scope: AccountingScope): Promise<ClientSums> {
  const sumOf = (column: string) => `toFloat64(sum(max_${column} - before_${column})) AS ${column}`
  const totalsOf = (column: string) =>
    `max(client_${column}) AS max_${column}, maxIf(client_${column}, ${scope.beforeStart}) AS before_${column}`
  const columns = ['created', 'dropped', 'rejected']
  const [sums] = await db.query<ClientSums>(
    `SELECT ${columns.map(sumOf).join(', ')} FROM (
       SELECT ${columns.map(totalsOf).join(', ')} FROM receipts
       WHERE project_id = {project:String} AND client_instance != '' AND ${scope.beforeEnd}
         AND ${scope.committed('log_id', 'partition', 'position')}
       GROUP BY client_instance)`,
    scope.params,
    ACCOUNTING_LIMITS,
  )
  return sums ?? { created: 0, dropped: 0, rejected: 0 }
}
