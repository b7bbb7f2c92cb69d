import type { EventType } from '@flywheel/schema'

/** How far the sink has come in one partition of a log. */
export interface LogProgress {
  log_id: string
  partition: number
  /** Next offset to be committed: receipts below it must exist, receipts from it on are not counted yet. */
  committed: number
  /** Next offset to be written; null while nobody can read the partition. */
  end: number | null
}

export interface AccountingRequest {
  /** RFC 3339, by receipt. */
  since?: string | undefined
  until?: string | undefined
  /** Accepted lines of this project that wait in the log; a sentence says why where it cannot tell. @default 0 */
  in_log?: number | string | undefined
  /** Most (type, id) that are held in memory at a time; about 200 bytes each. @default 500_000 */
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
  /** Receipt lines plus what waits in the log, as far as it is known. */
  accepted: number
  /** Null where the log cannot tell. */
  in_log: number | null
  /** Why `in_log` is null, as a sentence; else null. */
  in_log_unknown: string | null
  /** Of every project; null while a partition of the log cannot be read. */
  in_log_records: number | null
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

/** Positions of one partition of a log, both ends included. */
export interface LostPositions {
  log_id: string
  partition: number
  first: number
  last: number
}
