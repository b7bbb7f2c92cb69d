import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { FlywheelError, type LogRecord } from '@flywheel/schema'
import type {
  Backlog,
  ConsumeOptions,
  Consumer,
  EventLog,
  LogRoom,
  PartitionProgress,
  Position,
  PositionedRecord,
  Slice,
  WaitingLines,
  WaitingPartition,
} from '../event-log.js'
import { type CountedRecord, uncountedReason, WaitingCounts } from '../waiting-counts.js'
import type { Bounds } from './bounds.js'
import { type GroupProgress, Groups } from './group.js'
import { InFlight, type Pending } from './in-flight.js'
import { Membership } from './membership.js'
import { Partition } from './partition.js'
import { decodeRecord, encodeRecord, storedBytesOf } from './record-value.js'
import type { Change, Storage } from './storage.js'
import type { TenancyPort } from './tenancy.js'
import { Watermarks } from './watermarks.js'
import { type Operation, Writer } from './writer.js'

/** The local log: an `EventLog` in one directory, for one process. */
export interface LocalLog extends EventLog {
  /**
   * Rewrites the file without what was deleted; appends wait meanwhile. Until then the bytes of committed records are
   * still in the file: an erasure is complete only after it.
   */
  compact(): Promise<void>
  /** Writes a copy of the log as it is now into an empty directory: everything acknowledged before the call is in it. */
  copyTo(directory: string): Promise<void>
  /** How full it is. At either bound `append` rejects with `backlog_full`. */
  room(): LogRoom
}

/** What a local log is made of. */
export interface LocalLogParts {
  log_id: string
  partitions: number
  storage: Storage
  bounds: Bounds
  clock: () => number
  release(): Promise<void>
}

/** An append that is not durable so long after `received_at` fails; a later attempt is stamped anew. */
export const APPEND_LIMIT_MS = 20_000

const SLICE_RECORDS = 64
const SLICE_BYTES = 16 * 1024 * 1024
const READ_BYTES_A_TURN = 4 * 1024 * 1024
const WATERMARK_WAIT_MS = 1_000
const HEADERS_A_TURN = 256
const NOT_YET_MS = 5

/** Builds a log over an opened storage. */
export function createLocalLog(parts: LocalLogParts): LocalLog {
  return new Log(parts)
}

class Log implements LocalLog {
  readonly log_id: string
  readonly partitions: number
  readonly #parts: LocalLogParts
  readonly #held: Partition[]
  readonly #groups: Groups
  readonly #writer: Writer
  readonly #inFlight: InFlight
  readonly #memberships = new Map<string, Membership>()
  readonly #watermarks: Watermarks
  readonly #waiting = new Map<string, WaitingCounts>()
  #turn = 0
  #closing: Promise<void> | null = null

  constructor(parts: LocalLogParts) {
    this.#parts = parts
    this.log_id = parts.log_id
    this.partitions = parts.partitions
    this.#held = Array.from({ length: parts.partitions }, (_, number) => new Partition(number, parts.storage))
    this.#groups = new Groups(parts.storage, this.#held)
    this.#watermarks = new Watermarks(parts.storage)
    this.#inFlight = new InFlight(parts.clock, APPEND_LIMIT_MS)
    this.#writer = new Writer(parts.storage, () => {
      for (const partition of this.#held) partition.reload()
      this.#groups.reload()
    })
  }

  append(record: LogRecord): Promise<Position> {
    // Everything up to submit() runs in the caller's turn: from then on the record holds the watermark back.
    return new Promise((resolve, reject) => {
      this.#assertOpen()
      const { record: stamped, received } = this.#stamp(record)
      if (this.#parts.clock() - received >= APPEND_LIMIT_MS) throw timedOut()
      const value = encodeRecord(stamped)
      const stored = storedBytesOf(value.length)
      this.#parts.bounds.assertRoom(this.#retainedBytes() + this.#inFlight.storedBytes, stored)
      const partition = this.#held[this.#turn++ % this.#held.length] as Partition
      let staged: { offset: number; durable(): void }
      const operation: Operation = {
        bytes: stored,
        stage: () => {
          const step = partition.stageAppend(value, stamped.header, received)
          staged = step
          return step.changes
        },
        settle: () => {
          staged.durable()
          this.#inFlight.delete(pending)
          resolve({ log_id: this.log_id, partition: partition.number, offset: staged.offset })
        },
        fail: (error) => {
          this.#inFlight.delete(pending)
          reject(error)
        },
      }
      const pending: Pending = {
        received,
        stored,
        expire: () => {
          if (this.#writer.withdraw(operation)) this.#inFlight.delete(pending)
          reject(timedOut())
        },
      }
      this.#inFlight.add(pending)
      this.#writer.submit(operation)
    })
  }

  async consume(
    group: string,
    onSlice: (slice: Slice) => Promise<void>,
    options: ConsumeOptions = {},
  ): Promise<Consumer> {
    this.#assertOpen()
    await this.#inOrderOfAll(() => this.#write(() => this.#groups.stageJoin(group)))
    this.#assertOpen()
    let membership = this.#memberships.get(group)
    if (membership === undefined) {
      membership = new Membership(this.partitions)
      this.#memberships.set(group, membership)
    }
    const leave = membership.join(onSlice, (number) => this.#portOf(group, number, options))
    let left: Promise<void> | null = null
    return {
      stop: () => {
        left ??= leave()
        return left
      },
    }
  }

  async backlog(group: string): Promise<Backlog> {
    const backlog: Backlog = { records: 0, lines: 0, bytes: 0, oldest_ms: 0 }
    let oldest = Number.POSITIVE_INFINITY
    for (const partition of this.#held) {
      const { committed } = this.#groups.of(group, partition)
      const before = partition.totalsBefore(committed)
      backlog.records += partition.end - committed
      backlog.lines += partition.totals.lines - before.lines
      backlog.bytes += partition.totals.bytes - before.bytes
      oldest = Math.min(oldest, partition.oldestSince(committed) ?? oldest)
    }
    if (backlog.records > 0) backlog.oldest_ms = Math.max(0, this.#parts.clock() - oldest)
    return backlog
  }

  async progress(group: string): Promise<PartitionProgress[]> {
    return this.#held.map((partition) => ({
      partition: partition.number,
      committed: this.#groups.of(group, partition).committed,
      end: partition.end,
    }))
  }

  async waitingLines(group: string): Promise<WaitingLines> {
    this.#assertOpen()
    const counts = this.#waiting.get(group) ?? new WaitingCounts()
    this.#waiting.set(group, counts)
    return counts.inTurn(async () => {
      const before: WaitingPartition[] = await this.progress(group)
      await counts.read(before, (partition, offset, end) => this.#readHeaders(group, partition, offset, end))
      // What was committed meanwhile may have been deleted unread: it waits no more.
      const partitions = before.map(({ partition, end }): WaitingPartition => {
        const { committed } = this.#groups.of(group, this.#held[partition] as Partition)
        return { partition, committed, end: Math.max(end ?? 0, committed) }
      })
      const { lines, uncounted } = counts.of(partitions)
      return { partitions, lines, incomplete: uncounted === 0 ? null : uncountedReason(uncounted) }
    })
  }

  async watermark(group: string): Promise<string> {
    this.#assertOpen()
    let first = Math.min(this.#parts.clock(), this.#inFlight.oldest())
    for (const partition of this.#held) {
      first = Math.min(first, partition.oldestSince(this.#groups.of(group, partition).committed) ?? first)
    }
    // A clock that steps back cannot make an earlier answer untrue, because later records are stamped after it.
    const watermark = this.#watermarks.raise(group, first - 1)
    if (!this.#watermarks.isDurable(group, watermark)) {
      // A disk that is full or hangs takes no new answer; the one before is as true as it was.
      const written = this.#write(() => this.#watermarks.stage(group, watermark)).catch(() => undefined)
      await Promise.race([written, delay(WATERMARK_WAIT_MS, undefined, { ref: false })])
    }
    return new Date(this.#watermarks.durable(group)).toISOString()
  }

  room(): LogRoom {
    return this.#parts.bounds.room(this.#retainedBytes() + this.#inFlight.storedBytes)
  }

  async compact(): Promise<void> {
    this.#assertOpen()
    await this.#writer.pause(() => this.#parts.storage.compact())
  }

  async copyTo(directory: string): Promise<void> {
    this.#assertOpen()
    await this.#parts.storage.copyTo(directory)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#memberships.values()].map((membership) => membership.leaveAll()))
    await this.#writer.idle()
    await this.#parts.storage.close()
    await this.#parts.release()
  }

  /** A record stamped at or before a watermark that was handed out (the clock stepped back) is stamped after it. */
  #stamp(record: LogRecord): { record: LogRecord; received: number } {
    const received = Date.parse(record.header.received_at)
    if (Number.isNaN(received)) {
      throw new FlywheelError('invalid_request', `append: received_at is ${record.header.received_at}, not RFC 3339.`)
    }
    const floor = this.#watermarks.floor
    if (received > floor) return { record, received }
    const header = { ...record.header, received_at: new Date(floor + 1).toISOString() }
    return { record: { header, body: record.body }, received: floor + 1 }
  }

  #portOf(group: string, number: number, options: ConsumeOptions): TenancyPort {
    const partition = this.#held[number] as Partition
    return {
      log_id: this.log_id,
      partition,
      progress: () => this.#groups.of(group, partition),
      update: (validate) => partition.inOrder(() => this.#update(group, partition, validate)),
      read: (offset) => this.#read(partition, offset, options),
    }
  }

  /** Progress and the deletion of what no group needs any more, in one write. */
  #update(group: string, partition: Partition, validate: (now: GroupProgress) => GroupProgress): Promise<void> {
    return this.#write(() => {
      const now = this.#groups.of(group, partition)
      const next = validate(now)
      if (next === now) return { changes: [], durable() {} }
      const update = this.#groups.stageUpdate(group, partition, next)
      const removal = partition.stageDelete(this.#groups.neededFrom(group, partition, next.committed), now.committed)
      return {
        changes: [...update.changes, ...removal.changes],
        durable: () => {
          update.durable()
          removal.durable()
        },
      }
    })
  }

  #write(stage: () => { changes: Change[]; durable(): void }): Promise<void> {
    return new Promise((resolve, reject) => {
      let durable = (): void => {}
      this.#writer.submit({
        bytes: 0,
        stage: () => {
          const step = stage()
          durable = step.durable
          return step.changes
        },
        settle: () => {
          durable()
          resolve()
        },
        fail: reject,
      })
    })
  }

  async #read(partition: Partition, offset: number, options: ConsumeOptions): Promise<PositionedRecord[]> {
    const most = options.slice_records ?? SLICE_RECORDS
    const mostBytes = options.slice_bytes ?? SLICE_BYTES
    const records: PositionedRecord[] = []
    let bytes = 0
    let readInTurn = 0
    for (let at = offset; at < partition.end && records.length < most; at++) {
      const value = this.#parts.storage.record(partition.number, at)
      if (value === undefined) throw new Error(`log record ${partition.number}:${at} is missing`)
      const { header, body } = decodeRecord(value)
      bytes += header.inflated_bytes
      if (records.length > 0 && bytes > mostBytes) break
      records.push({ header, body, position: { log_id: this.log_id, partition: partition.number, offset: at } })
      readInTurn += value.length
      if (readInTurn > READ_BYTES_A_TURN) {
        readInTurn = 0
        await nextTurn()
      }
    }
    return records
  }

  /** As many as are read in one turn of the event loop. */
  async #readHeaders(group: string, number: number, from: number, end: number): Promise<CountedRecord[] | null> {
    await nextTurn()
    this.#assertOpen()
    const partition = this.#held[number] as Partition
    const records: CountedRecord[] = []
    let bytes = 0
    for (let at = Math.max(from, this.#groups.of(group, partition).committed); at < end; at++) {
      const value = this.#parts.storage.record(number, at)
      if (value === undefined) {
        // A commit has deleted it and is not yet known to be durable.
        if (records.length > 0) break
        await delay(NOT_YET_MS)
        return null
      }
      records.push({ offset: at, header: decodeRecord(value).header })
      bytes += value.length
      if (bytes > READ_BYTES_A_TURN || records.length === HEADERS_A_TURN) break
    }
    return records
  }

  /** Runs `step` while no group moves in any partition. */
  #inOrderOfAll(step: () => Promise<void>): Promise<void> {
    return this.#held.reduceRight<() => Promise<void>>((inner, partition) => () => partition.inOrder(inner), step)()
  }

  #retainedBytes(): number {
    return this.#held.reduce((sum, partition) => sum + partition.retainedBytes, 0)
  }

  #assertOpen(): void {
    if (this.#closing !== null)
      throw new FlywheelError('log_unavailable', 'The log is closed. Open it again to use it.')
  }
}

function timedOut(): FlywheelError {
  return new FlywheelError(
    'append_timeout',
    `The record was not durable ${APPEND_LIMIT_MS / 1000} s after its received_at. Stamp it anew and retry.`,
  )
}
