import type { EventLog } from '@flywheel/event-log'
import type { Metrics } from '@flywheel/runtime'
import { type Accounting, accounting, type Database, loadProjects } from '@flywheel/store'

export interface AccountingMetricsOptions {
  db: Database
  log: Pick<EventLog, 'log_id' | 'backlog' | 'progress'>
  group: string
  metrics: Metrics
  /** How long sums are shown before they are counted again. @default 60_000 */
  keep_ms?: number
  /** The sums could not be counted; the last ones stay. */
  onError: (error: unknown) => void
}

const STATES = {
  created: 'created',
  dropped: 'dropped',
  rejected: 'rejected',
  pending: 'pending',
  accepted: 'accepted',
  in_log: 'in_log',
  repeats: 'repeats',
  id_reused: 'id_reused',
  stored: 'stored',
  dead_lettered: 'dead_lettered',
  erased: 'erased',
  expired: 'expired',
  missing: 'missing_count',
  unreceipted: 'unreceipted_count',
  duplicated: 'duplicated_count',
} as const satisfies Record<string, keyof Accounting>

/**
 * Shows the sums of `GET /v1/accounting` as metrics, to alert on `flywheel_accounting_balanced == 0`. They read every
 * receipt, so they are counted when someone scrapes, and at most once in `keep_ms`.
 */
export function createAccountingMetrics(options: AccountingMetricsOptions): void {
  const { db, log, group, metrics, keep_ms = 60_000, onError } = options
  let countedAt = Number.NEGATIVE_INFINITY
  let counting: Promise<void> | null = null

  async function count(): Promise<void> {
    // Progress before the tables: a boundary read later would ask for receipts that the query has not seen.
    const [backlog, progress] = [await log.backlog(group), await log.progress(group)]
    const positions = progress.map((each) => ({ log_id: log.log_id, ...each }))
    for (const { id: project } of await loadProjects(db)) {
      const sums = await accounting(db, project, { in_log_lines: backlog.lines }, positions)
      for (const [state, name] of Object.entries(STATES)) events.set({ project, state }, sums[name])
      lost.set(sums.lost_records)
      balanced.set({ project }, sums.balanced ? 1 : 0)
    }
    countedAt = performance.now()
  }

  /** Every gauge waits for it, because a scrape reads them side by side. */
  async function refresh(): Promise<void> {
    if (performance.now() - countedAt < keep_ms) return
    counting ??= count()
      .catch(onError)
      .finally(() => {
        counting = null
      })
    await counting
  }

  const events = metrics.gauge(
    'flywheel_accounting_events',
    'Events by what became of them; missing, unreceipted and duplicated should be 0.',
    ['project', 'state'],
    refresh,
  )
  const lost = metrics.gauge(
    'flywheel_accounting_lost_records',
    'Committed log records without a receipt; should be 0.',
    [],
    refresh,
  )
  const balanced = metrics.gauge(
    'flywheel_accounting_balanced',
    '1 while every sum adds up, else 0.',
    ['project'],
    refresh,
  )
}
