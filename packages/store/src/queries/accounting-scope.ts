import type { QueryLimits, QueryParams } from '../database.js'
import type { AccountingRequest, LogProgress } from './accounting-answer.js'

/** Of one statement. Slices keep it below the memory limit whatever the size of the project. */
export const ACCOUNTING_LIMITS: QueryLimits = { max_execution_time_s: 120, max_memory_bytes: 2 ** 30 }

/** What one accounting looks at, as conditions on receipts and rows. */
export interface AccountingScope {
  params: QueryParams
  /** `received_at` lies in the range. */
  inRange: string
  /** `received_at` lies before the range's end, or before its start. */
  beforeEnd: string
  beforeStart: string
  /** Below the committed boundary of the log in use; other logs are over and count in full. */
  committed(logId: string, partition: string, position: string): string
  /** The same of a row's `source`. */
  committedSource(source: string): string
}

export function scopeOf(projectId: string, request: AccountingRequest, log: readonly LogProgress[]): AccountingScope {
  // One moment for the whole accounting: a row that expires between two subqueries would look lost.
  const params: QueryParams = {
    project: projectId,
    since: request.since ?? '',
    until: request.until ?? '',
    now: new Date().toISOString(),
  }
  for (const [index, each] of log.entries()) {
    params[`log_${index}`] = each.log_id
    params[`source_${index}`] = `${each.log_id}/${each.partition}:`
  }
  const afterStart = request.since === undefined ? 'true' : "received_at >= {since:DateTime64(3, 'UTC')}"
  const beforeEnd = request.until === undefined ? 'true' : "received_at < {until:DateTime64(3, 'UTC')}"
  const noneOf = (conditions: string[]) => (conditions.length === 0 ? 'true' : `NOT (${conditions.join(' OR ')})`)
  return {
    params,
    inRange: `${afterStart} AND ${beforeEnd}`,
    beforeEnd,
    beforeStart: request.since === undefined ? 'false' : `NOT (${afterStart})`,
    committed: (logId, partition, position) =>
      noneOf(
        log.map(
          (each, index) =>
            `(${logId} = {log_${index}:String} AND ${partition} = ${Math.trunc(each.partition)} AND ${position} >= ${Math.trunc(each.committed)})`,
        ),
      ),
    committedSource: (source) =>
      noneOf(
        log.map((each, index) => {
          const rest = `substring(${source}, length({source_${index}:String}) + 1)`
          return `(startsWith(${source}, {source_${index}:String})
            AND toUInt64OrZero(substringIndex(${rest}, '/', 1)) >= ${Math.trunc(each.committed)})`
        }),
      ),
  }
}
