import type { LogRecord } from '@flywheel/schema'

/** Where a record stands in the log. Offsets of one partition are contiguous from 0. */
export interface Position {
  log_id: string
  partition: number
  offset: number
}

/** A record as a consumer sees it. */
export interface PositionedRecord extends LogRecord {
  position: Position
}

/** An inclusive range of offsets of one partition. */
export interface Boundary {
  first: number
  last: number
}

/**
 * One tenancy of a partition by one member of a consumer group. It ends at a rebalance, a stop or a close, and at a gap
 * that the log's retention made, as soon as what was handed over is committed: the next slice is of another tenancy;
 * afterwards `isStale()` is true, `signal` is aborted, and `propose` and `commit` reject with `assignment_stale`.
 */
export interface Assignment {
  readonly log_id: string
  readonly partition: number
  readonly signal: AbortSignal
  isStale(): boolean
  /** Keeps the tenancy alive during long work; rejects with `assignment_stale` once it has ended. */
  heartbeat(): Promise<void>
  /** The range proposed by this or an earlier tenant and not yet committed, else null. A redo must insert exactly it. */
  recoverBoundary(): Promise<Boundary | null>
  /** Durable before it resolves. `first` must be the first uncommitted offset. Replaces an earlier proposal only if identical or never proposed. */
  propose(boundary: Boundary): Promise<void>
  /** Durable before it resolves. Everything up to and including `last` is done; the proposal is cleared. */
  commit(last: number): Promise<void>
}

/** Records of one partition in order, without gaps, starting at the first uncommitted one of a new assignment. */
export interface Slice {
  readonly partition: number
  readonly first: number
  readonly last: number
  readonly records: readonly PositionedRecord[]
  readonly assignment: Assignment
  heartbeat(): Promise<void>
  isStale(): boolean
}

/** A member of a group. `stop` waits for the running handler and gives its partitions back. */
export interface Consumer {
  stop(): Promise<void>
}

export interface Backlog {
  records: number
  lines: number
  /** Inflated bytes. */
  bytes: number
  /** Age of the oldest uncommitted record, 0 when drained. */
  oldest_ms: number
}

/** What a log holds on its own disk and what is left, each with its bound. */
export interface LogRoom {
  held_bytes: number
  max_bytes: number
  free_bytes: number
  min_free_bytes: number
}

export interface PartitionProgress {
  partition: number
  /** Next offset to be committed. */
  committed: number
  /** Next offset to be written. */
  end: number
}

/** Where a group stands in one partition, as far as it can be told. */
export interface WaitingPartition {
  partition: number
  /** Next offset to be committed. */
  committed: number
  /** Next offset to be written; null while nobody can read the partition. */
  end: number | null
}

/** What waits for a group, by the project it is of. */
export interface WaitingLines {
  /** One look: `lines` are those of the records at `[committed, end)` of each partition. */
  partitions: WaitingPartition[]
  /** By `project_id`; a project without a line that waits is absent. */
  lines: ReadonlyMap<string, number>
  /** Why `lines` are not all that wait, as a sentence; null where they are. */
  incomplete: string | null
}

/** The durable log between accept and store. */
export interface EventLog {
  readonly log_id: string
  readonly partitions: number
  /** Resolves when the bytes are durable. Rejects with a retryable `FlywheelError` when they may not be, at the latest 20 s after `received_at`. */
  append(record: LogRecord): Promise<Position>
  /** Slices of one partition come one after another; the next waits for the handler. A handler that rejects gets the slice again. */
  consume(group: string, onSlice: (slice: Slice) => Promise<void>, options?: ConsumeOptions): Promise<Consumer>
  backlog(group: string): Promise<Backlog>
  progress(group: string): Promise<PartitionProgress[]>
  /**
   * Whose lines wait. It reads the header of every record that does, once, for two seconds a call and up to a million
   * records; beyond that, and where a partition cannot be read, it says so in `incomplete` instead of rejecting.
   */
  waitingLines(group: string): Promise<WaitingLines>
  /**
   * The greatest time W such that every record with `received_at <= W` that is or will be in the log has been committed by the group.
   * @returns RFC 3339 UTC with milliseconds
   */
  watermark(group: string): Promise<string>
  close(): Promise<void>
}

export interface ConsumeOptions {
  /** Most records a slice holds. @default 64 */
  slice_records?: number
  /** Most inflated bytes a slice holds; at least one record always comes. @default 16 MiB */
  slice_bytes?: number
}
