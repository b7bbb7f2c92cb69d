import type { Assignment, Boundary, PositionedRecord } from '@flywheel/event-log'
import type { Logger } from '@flywheel/runtime'
import { isFlywheelError } from '@flywheel/schema'
import { type BackOff, backOffMs, sleep } from './back-off.js'
import type { Persist, Step, WriteBatch } from './batch-writer.js'
import { type Batch, type Batcher, type BatchLimits, bytesOf, createBatcher } from './batcher.js'
import { describeEngineError, type EngineError } from './engine-error.js'
import type { MemoryBudget } from './memory-budget.js'
import type { SinkMetrics } from './metrics.js'
import { type ReadRecord, readLines } from './record-lines.js'
import { storableHeader } from './storable-header.js'
import { createTurns } from './turns.js'

export interface PartitionWorkerPorts {
  assignment: Assignment
  limits: BatchLimits
  backOff: BackOff
  heartbeat_ms: number
  budget: MemoryBudget
  writeBatch: WriteBatch
  metrics: SinkMetrics
  logger: Logger
  now: () => number
  onCommit(at: number): void
}

/** Buffers and writes one assignment's records. It ends with the assignment and takes its buffer with it. */
export interface PartitionWorker {
  /** Resolves when the record is buffered, or when the worker has ended: then the record comes again elsewhere. */
  offer(record: PositionedRecord): Promise<void>
  readonly partition: number
  /** `received_at` of the oldest record that it holds, in Unix milliseconds; null when it holds none. */
  readonly oldest: number | null
  /** What it waits for, while it repeats a step. */
  readonly retrying: { step: Step; error: EngineError } | null
  /** Takes nothing more, writes what is buffered and ends. */
  drain(): Promise<void>
  /** Ends at the next step. */
  abort(): void
}

/** Thrown through a batch when its assignment has ended; nobody outside a worker sees it. `persist` throws nothing else. */
class AssignmentEnded extends Error {}

export function createPartitionWorker(ports: PartitionWorkerPorts): PartitionWorker {
  const { assignment, budget, limits, logger, metrics, now } = ports
  const ended = new AbortController()
  const end = () => ended.abort()
  let batcher: Batcher<ReadRecord> | null = null
  let writing: Batch<ReadRecord> | null = null
  let retrying: PartitionWorker['retrying'] = null
  let isDraining = false
  let wake: () => void = () => {}
  const turns = createTurns()

  assignment.signal.addEventListener('abort', end)
  if (assignment.isStale()) end()
  ended.signal.addEventListener('abort', () => {
    wake()
    // Wakes an offer that waits for memory. A race with one promise of the end would keep every wait until then.
    budget.release(0)
  })
  const persist: Persist = async (step, attempt) => {
    for (let failures = 0; ; failures++) {
      if (ended.signal.aborted || assignment.isStale()) throw new AssignmentEnded()
      try {
        const result = await attempt()
        retrying = null
        return result
      } catch (error) {
        if (error instanceof AssignmentEnded) throw error
        if (isFlywheelError(error) && error.code === 'assignment_stale') throw new AssignmentEnded()
        const reason = describeEngineError(error)
        retrying = { step, error: reason }
        metrics.retries.inc({ step })
        logger.warn({ step, partition: assignment.partition, failures: failures + 1, reason }, 'sink retries')
        await sleep(backOffMs(ports.backOff, failures), ended.signal)
      }
    }
  }

  const ready = recover()
  const done = ready.then(run).finally(() => {
    end()
    assignment.signal.removeEventListener('abort', end)
    budget.release(batcher?.bytes ?? 0)
  })

  async function recover(): Promise<void> {
    let boundary: Boundary | null = null
    try {
      boundary = await persist('recover', () => assignment.recoverBoundary())
    } catch (error) {
      endWith(error)
    }
    batcher = createBatcher(limits, boundary)
  }

  function endWith(error: unknown): void {
    // Anything else would be a fault of this file: its records stay in the log, and it must not pass in silence.
    if (!(error instanceof AssignmentEnded)) logger.error({ error }, 'sink gives a partition up')
    end()
  }

  async function run(): Promise<void> {
    while (!ended.signal.aborted) {
      // A clock that no one sets: after a step back by an hour a batch would wait an hour for company.
      const due = batcher!.dueIn(performance.now())
      const batch = due === 0 || isDraining ? batcher!.take() : null
      if (batch) await write(batch)
      else if (isDraining) return
      else await changed(due)
    }
  }

  async function write(batch: Batch<ReadRecord>): Promise<void> {
    const heartbeat = setInterval(() => assignment.heartbeat().catch(() => {}), ports.heartbeat_ms)
    heartbeat.unref()
    writing = batch
    if (batch.isRecovered) metrics.redos.inc()
    metrics.batchRows.observe(batch.rows)
    metrics.batchBytes.observe(batch.bytes)
    try {
      // Steps repeat by themselves; what throws between them is a fault of ours, and skipping the batch would lose it.
      let isRedo = batch.isRecovered
      await persist('batch', () => {
        const wasSent = isRedo
        isRedo = true
        return ports.writeBatch(batch, assignment, persist, wasSent)
      })
      ports.onCommit(now())
    } catch (error) {
      endWith(error)
    } finally {
      clearInterval(heartbeat)
      writing = null
      budget.release(batch.bytes)
    }
  }

  /** Resolves after `ms`, at the next record, or when the worker ends. */
  function changed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(() => wake(), ms) : undefined
      wake = () => {
        clearTimeout(timer)
        wake = () => {}
        resolve()
      }
    })
  }

  const isOver = () => ended.signal.aborted || isDraining

  return {
    partition: assignment.partition,
    get oldest() {
      const record = writing?.records[0] ?? batcher?.oldest
      return record ? Date.parse(record.header.received_at) : null
    },
    get retrying() {
      return retrying
    },
    async offer(record) {
      await ready
      const bytes = bytesOf(record)
      // A range to be re-formed is admitted whole, or it would wait for itself.
      while (!isOver() && !batcher!.isRecovering && !budget.hasRoom(bytes, batcher!.isEmpty)) {
        await budget.nextRelease()
      }
      if (isOver()) return
      budget.take(bytes)
      // Read here, while an earlier batch is being inserted; the log sends the next record after this one.
      const { header, problem } = storableHeader(record.header)
      const read = await readLines(record, problem)
      await turns.yieldIfLong()
      if (isOver()) return budget.release(bytes)
      try {
        batcher!.push({ ...record, header, read }, performance.now())
      } catch (error) {
        // The record comes again; what it took of the budget would be missing to every partition.
        budget.release(bytes)
        throw error
      }
      wake()
    },
    async drain() {
      isDraining = true
      wake()
      await done
    },
    abort: end,
  }
}
