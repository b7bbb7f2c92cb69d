import type { Boundary, PositionedRecord } from '@flywheel/event-log'

/** When a batch is written: at the first limit reached. A single record above a limit is a batch of its own. */
export interface BatchLimits {
  /** Accepted lines. */
  rows: number
  /** Inflated bytes of the bodies. */
  bytes: number
  /** Longest wait of a record for company. */
  interval_ms: number
}

/** A contiguous range of one partition, written as one unit. */
export interface Batch<Held extends PositionedRecord = PositionedRecord> extends Boundary {
  records: Held[]
  /** True for the range of an earlier tenant: some of it may be stored already. */
  isRecovered: boolean
  rows: number
  bytes: number
}

/** Forms batches of one assignment. A new assignment gets a new batcher; a stale one is dropped with what it holds. */
export interface Batcher<Held extends PositionedRecord = PositionedRecord> {
  readonly rows: number
  readonly bytes: number
  readonly isEmpty: boolean
  /** The next record to be taken. */
  readonly oldest: Held | undefined
  /** True until the range of an earlier tenant has been taken: it must be re-formed whatever the limits say. */
  readonly isRecovering: boolean
  /** Adds the next record; throws on a gap, since a commit over a gap would lose records. */
  push(record: Held, now: number): void
  /** Milliseconds until `take` should be called: 0 when due, Infinity when there is nothing to take. */
  dueIn(now: number): number
  /** The next batch, full or not; null when there is none, or while a range to be recovered is incomplete. */
  take(): Batch<Held> | null
}

/** @param recovered the range an earlier tenant proposed and did not commit: it is formed first, exactly */
export function createBatcher<Held extends PositionedRecord>(
  limits: BatchLimits,
  recovered: Boundary | null = null,
): Batcher<Held> {
  const waiting: { record: Held; at: number }[] = []
  let recovering = recovered
  let next = recovered?.first
  let rows = 0
  let bytes = 0

  const newest = () => waiting.at(-1)?.record.position.offset ?? -1
  const isComplete = (range: Boundary) => newest() >= range.last

  function countOfNext(): number {
    if (recovering) return isComplete(recovering) ? recovering.last - recovering.first + 1 : 0
    let batchRows = 0
    let batchBytes = 0
    let count = 0
    for (const { record } of waiting) {
      batchRows += rowsOf(record)
      batchBytes += bytesOf(record)
      if (count > 0 && (batchRows > limits.rows || batchBytes > limits.bytes)) break
      count++
    }
    return count
  }

  return {
    get rows() {
      return rows
    },
    get bytes() {
      return bytes
    },
    get isEmpty() {
      return waiting.length === 0
    },
    get oldest() {
      return waiting[0]?.record
    },
    get isRecovering() {
      return recovering !== null
    },
    push(record, now) {
      const { offset, partition } = record.position
      if (next !== undefined && offset !== next) {
        throw new Error(`Batcher of partition ${partition}: offset ${offset} came where ${next} was due.`)
      }
      next = offset + 1
      rows += rowsOf(record)
      bytes += bytesOf(record)
      waiting.push({ record, at: now })
    },
    dueIn(now) {
      if (recovering) return isComplete(recovering) ? 0 : Number.POSITIVE_INFINITY
      const oldest = waiting[0]
      if (!oldest) return Number.POSITIVE_INFINITY
      if (rows >= limits.rows || bytes >= limits.bytes) return 0
      return Math.max(0, oldest.at + limits.interval_ms - now)
    },
    take() {
      const count = countOfNext()
      if (count === 0) return null
      const records = waiting.splice(0, count).map((entry) => entry.record)
      const batch: Batch<Held> = {
        first: records[0]!.position.offset,
        last: records.at(-1)!.position.offset,
        records,
        isRecovered: recovering !== null,
        rows: records.reduce((sum, record) => sum + rowsOf(record), 0),
        bytes: records.reduce((sum, record) => sum + bytesOf(record), 0),
      }
      rows -= batch.rows
      bytes -= batch.bytes
      recovering = null
      return batch
    },
  }
}

const rowsOf = (record: PositionedRecord) => record.header.lines.length

/** What a record costs in memory once it is inflated; never less than what it holds now. */
export const bytesOf = (record: PositionedRecord): number =>
  Math.max(record.header.inflated_bytes, record.body.byteLength)
