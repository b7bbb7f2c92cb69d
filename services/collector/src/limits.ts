import { LIMITS } from '@flywheel/schema'

/** Limits of one collector. The first four are the contract's; lower them in tests only. */
export interface CollectorLimits {
  /** Inflated bytes of one body. */
  body_bytes: number
  lines: number
  /** Bytes of one line. */
  event_bytes: number
  /** Milliseconds until an append that is not durable is answered with 503. */
  append_ms: number
  /**
   * Bytes of bodies held at once; more are answered with 429. Requests without a secret key get a quarter, beside it.
   * @default 256 MiB
   */
  in_flight_bytes: number
}

export const DEFAULT_LIMITS: CollectorLimits = {
  body_bytes: LIMITS.body_bytes,
  lines: LIMITS.lines,
  event_bytes: LIMITS.event_bytes,
  append_ms: LIMITS.append_ms,
  in_flight_bytes: 256 * 1024 * 1024,
}
