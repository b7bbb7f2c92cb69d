import type { Database } from '../database.js'
import type { Accounting, AccountingRequest, LogProgress } from './accounting-answer.js'
import { missingPlaces, rowPlaces } from './accounting-places.js'
import { accountingProblems } from './accounting-problems.js'
import { ACCOUNTING_LIMITS, type AccountingScope, scopeOf } from './accounting-scope.js'
import { type Candidates, candidateSamples, sumsOf } from './accounting-sums.js'
import { lostPositions } from './lost-positions.js'

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
    sumsOf(db, scope, request.slice_events ?? 500_000),
    clientSums(db, scope),
    lostPositions(db, log),
  ])
  const { candidates, ...counts } = sums
  const { in_log: waits = 0 } = request
  const [in_log, in_log_unknown] = typeof waits === 'number' ? [waits, null] : [null, waits]
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
    in_log_unknown,
    in_log_records: log.reduce<number | null>(
      (sum, { committed, end }) => (sum === null || end === null ? null : sum + end - committed),
      0,
    ),
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
