import type { SpoolStats } from './spool-hook.js'

/** Totals since the client was made. `created = sent + pending + sum(dropped) + sum(rejected)` at every moment. */
export interface Stats {
  created: number
  /** Acknowledged by the collector, so durable. */
  sent: number
  /** Created and neither acknowledged nor given up. */
  pending: number
  /**
   * Given up by the client, by reason: `queue_full`, `event_too_large`, `shutdown`,
   * `serialise_failed`; with a spool `spool_torn` (cut off in the middle) and `spool_lost` (gone from the disk).
   */
  dropped: Record<string, number>
  /** Refused by the collector, by code. */
  rejected: Record<string, number>
  /** Memory that pending events hold, about as the engine counts it; at most `maxQueueBytes`. */
  bytes: number
  /** With a spool. */
  spool?: SpoolStats
}

/** Why the last attempt failed; null after a success. */
export interface DeliveryError {
  code: string
  message: string
  /** Unix milliseconds. */
  at: number
}

/** Totals of `flush` and `shutdown`. `pending` is 0 only if everything was acknowledged, dropped or rejected. */
export interface FlushReport {
  sent: number
  pending: number
  dropped: number
  rejected: number
  lastError: DeliveryError | null
}

/** The sum of counts by reason. */
export function total(counts: Record<string, number>): number {
  let sum = 0
  for (const count of Object.values(counts)) sum += count
  return sum
}
