import type { Metrics } from '@flywheel/runtime'
import { type Accounting, type Database, loadProjects } from '@flywheel/store'
import { type AccountingLog, projectAccounting } from './project-accounting.js'

export interface AccountingMetricsOptions {
  db: Database
  log: AccountingLog
  metrics: Metrics
  /** How long sums are shown before they are counted again, or 20 times what counting took if that is longer. @default 60_000 */
  keep_ms?: number
  /** How long a scrape waits for a new count before it shows the last one. @default 5_000 */
  wait_ms?: number
  /** The sums could not be counted; the last ones stay. */
  onError: (error: unknown) => void
}

const STATES = {
  created: 'created',
  dropped: 'dropped',
  rejected: 'rejected',
  pending: 'pending',
  given_up_but_accepted: 'given_up_but_accepted',
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
 * receipt, so they are counted when someone scrapes, and at most once in `keep_ms`. Any process that reaches store and
 * log may own them; one of a fleet is enough.
 */
export function createAccountingMetrics(options: AccountingMetricsOptions): void {
  const { db, log, metrics, keep_ms = 60_000, wait_ms = 5_000, onError } = options
  let countedAt = Number.NEGATIVE_INFINITY
  let counting: Promise<void> | null = null
  let keepFor = keep_ms

  async function count(): Promise<void> {
    const started = performance.now()
    const projects = await loadProjects(db)
    const sumsOf = await projectAccounting(db, log, projects.length)
    for (const { id: project } of projects) {
      const sums = await sumsOf(project)
      for (const [state, name] of Object.entries(STATES)) {
        // Where the log cannot tell whose lines wait, no figure is better than a wrong one.
        if (sums[name] === null) events.remove({ project, state })
        else events.set({ project, state }, sums[name])
      }
      lost.set(sums.lost_records)
      balanced.set({ project }, sums.balanced ? 1 : 0)
    }
    age.set(Date.now() / 1000)
    countedAt = performance.now()
    // A store of many million receipts must not spend a core on being counted.
    keepFor = Math.max(keep_ms, 20 * (countedAt - started))
  }

  /** Every gauge waits for it, because a scrape reads them side by side. */
  async function refresh(): Promise<void> {
    if (performance.now() - countedAt < keepFor) return
    counting ??= count()
      .catch(onError)
      .finally(() => {
        counting = null
      })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, wait_ms)
    })
    await Promise.race([counting, late])
    clearTimeout(timer)
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
  const age = metrics.gauge(
    'flywheel_accounting_counted_timestamp_seconds',
    'When the sums were last counted, Unix time; alert when it stands still.',
    [],
    refresh,
  )
}
