import type { Assignment, Consumer, EventLog } from '@flywheel/event-log'
import type { Logger, Metrics } from '@flywheel/runtime'
import type { Database, ErasureRow } from '@flywheel/store'
import type { BackOff } from './back-off.js'
import { createBatchWriter, type WriteBatch } from './batch-writer.js'
import type { BatchLimits } from './batcher.js'
import { createMemoryBudget } from './memory-budget.js'
import { createSinkMetrics } from './metrics.js'
import { createPartitionWorker, type PartitionWorker } from './partition-worker.js'
import { createPause } from './pause.js'

export interface SinkOptions {
  log: EventLog
  db: Database
  logger: Logger
  metrics: Metrics
  /** Consumer group in the log. @default 'sink' */
  group?: string
  /** When a batch is written. @default 10,000 rows, 16 MiB, 250 ms */
  batch?: Partial<BatchLimits>
  /** Inflated bytes that all partitions hold together, before the log has to wait. @default 64 MiB */
  buffer_bytes?: number
  /** Waits after a transient error. @default 100 ms, doubling up to 10 s */
  back_off?: BackOff
  /** How long `stop` waits for what is buffered; the rest stays in the log. @default 10_000 */
  drain_ms?: number
  /** @default 3_000 */
  heartbeat_ms?: number
  /** Tombstones in force. @default loaded from `db` before every batch */
  erasures?: () => Promise<ErasureRow[]>
  /** Clock in Unix milliseconds. @default Date.now */
  now?: () => number
}

export interface SinkStatus {
  /** `retrying` while any partition waits for the store or the log to come back. */
  state: 'running' | 'retrying' | 'stopped'
  /** Null while the log cannot tell. */
  lag: { records: number; bytes: number; oldest_ms: number } | null
  /** RFC 3339, null before the first commit of this process. */
  last_commit: string | null
  /** The newest transient error and its step; null while nothing is being retried. Holds no text of an event. */
  last_error: { step: string; code: string; message: string } | null
}

/** Carries records from the log into the tables: at-least-once delivery, idempotent storage. */
export interface Sink {
  start(): Promise<void>
  /** Writes what is buffered within `drain_ms`, then gives the partitions back. What was not committed comes again. */
  stop(): Promise<void>
  status(): Promise<SinkStatus>
  /** As in `status`, without asking the log. */
  lastError(): SinkStatus['last_error']
  /**
   * Lets no batch begin and resolves when none is under way: the store then has exactly what the log has committed. What
   * comes meanwhile waits in the log. Never resolves while the store refuses a batch.
   * @returns what ends the pause; call it in any case
   */
  pause(): Promise<() => void>
}

export const BATCH_DEFAULTS: BatchLimits = { rows: 10_000, bytes: 16 * 1024 * 1024, interval_ms: 250 }

const LAG_INTERVAL_MS = 1000

/**
 * @example
 * const sink = createSink({ log, db, logger, metrics })
 * await sink.start()
 */
export function createSink(options: SinkOptions): Sink {
  const { log, db, logger, group = 'sink', drain_ms = 10_000, now = Date.now } = options
  const limits = { ...BATCH_DEFAULTS, ...options.batch }
  const bufferBytes = options.buffer_bytes ?? 64 * 1024 * 1024
  const budget = createMemoryBudget(bufferBytes)
  const metrics = createSinkMetrics(options.metrics, () => budget.used)
  metrics.bufferLimitBytes.set(bufferBytes)
  const pause = createPause()
  const batchWriter = createBatchWriter({ db, metrics, erasures: options.erasures })
  const writeBatch: WriteBatch = (...batch) => pause.pass(() => batchWriter(...batch))
  const workers = new Map<Assignment, PartitionWorker>()
  let consumer: Consumer | null = null
  let lagTimer: NodeJS.Timeout | undefined
  let lastCommit: number | null = null
  let stopping: Promise<void> | null = null

  /** A new assignment has a new buffer: what an ended one held comes again from the log. */
  function workerOf(assignment: Assignment): PartitionWorker {
    const known = workers.get(assignment)
    if (known) return known
    const worker = createPartitionWorker({
      assignment,
      limits,
      backOff: options.back_off ?? { initial_ms: 100, max_ms: 10_000 },
      heartbeat_ms: options.heartbeat_ms ?? 3_000,
      budget,
      writeBatch,
      metrics,
      logger,
      now,
      onCommit: (at) => {
        lastCommit = at
      },
    })
    workers.set(assignment, worker)
    const forget = () => workers.delete(assignment)
    if (assignment.isStale()) forget()
    else assignment.signal.addEventListener('abort', forget, { once: true })
    return worker
  }

  async function lag(): Promise<NonNullable<SinkStatus['lag']>> {
    const { records, bytes, oldest_ms } = await log.backlog(group)
    metrics.lagRecords.set(records)
    metrics.lagBytes.set(bytes)
    metrics.lagOldestMs.set(oldest_ms)
    await partitionLag()
    metrics.lagReadAt.set(now() / 1000)
    return { records, bytes, oldest_ms }
  }

  /** Of the partitions held now; those of an ended tenancy are shown by the next tenant. */
  async function partitionLag(): Promise<void> {
    const progress = new Map((await log.progress(group)).map((each) => [each.partition, each]))
    metrics.partitionLagRecords.reset()
    metrics.partitionLagSeconds.reset()
    for (const { partition, oldest } of workers.values()) {
      const { committed = 0, end = 0 } = progress.get(partition) ?? {}
      const labels = { partition: String(partition) }
      metrics.partitionLagRecords.set(labels, end - committed)
      metrics.partitionLagSeconds.set(labels, oldest === null ? 0 : Math.max(0, now() - oldest) / 1000)
    }
  }

  function lastError(): SinkStatus['last_error'] {
    const retrying = [...workers.values()].map((worker) => worker.retrying).find((retry) => retry !== null)
    return retrying ? { step: retrying.step, ...retrying.error } : null
  }

  async function stop(): Promise<void> {
    clearInterval(lagTimer)
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), drain_ms)
    const late = new Promise<void>((resolve) => deadline.signal.addEventListener('abort', () => resolve()))
    await Promise.race([Promise.all([...workers.values()].map((worker) => worker.drain())), late])
    clearTimeout(timer)
    for (const worker of workers.values()) worker.abort()
    await consumer?.stop()
    workers.clear()
  }

  return {
    async start() {
      const joined = await log.consume(group, async ({ assignment, records }) => {
        // After stop nothing more is taken: a record that is not committed comes again to the next tenant.
        if (stopping) return
        const worker = workerOf(assignment)
        for (const record of records) await worker.offer(record)
      })
      // A stop that came while it joined had no member to stop.
      if (stopping) return await joined.stop()
      consumer = joined
      let isReading = false
      let hasFailed = false
      lagTimer = setInterval(() => {
        // A log that answers slowly is not asked again meanwhile.
        if (isReading) return
        isReading = true
        lag()
          .then(
            () => {
              hasFailed = false
            },
            (error) => {
              // Once for as long as it lasts: a partition may be without a leader for hours.
              if (!hasFailed) logger.warn({ error }, 'sink cannot read its lag')
              hasFailed = true
            },
          )
          .finally(() => {
            isReading = false
          })
      }, LAG_INTERVAL_MS)
      lagTimer.unref()
    },
    pause: pause.begin,
    stop() {
      stopping ??= stop()
      return stopping
    },
    async status() {
      // The timer says why the log cannot tell.
      const behind = await lag().catch(() => null)
      const last_error = lastError()
      return {
        state: !consumer || stopping ? 'stopped' : last_error ? 'retrying' : 'running',
        lag: behind,
        last_commit: lastCommit === null ? null : new Date(lastCommit).toISOString(),
        last_error,
      }
    },
    lastError,
  }
}
