import type { ClientCounters } from './client-header.js'
import type { EventType, Trust } from './wire.js'

/** What the collector knows of one accepted line. HMACs are 32 lower-case hex characters (the first 16 bytes). */
export interface LogLine {
  type: EventType
  id: string
  trust: Trust
  /** HMAC of the user (or consent subject of kind user). */
  user?: string
  /** HMAC of the feedback's author. */
  author?: string
  /** HMAC of the session. */
  session?: string
  /** How often this event has been replayed from the dead letters; absent means never. */
  replays?: number
}

/**
 * The header of one log record: one accepted request of one project.
 * `lines[k]` describes the k-th line of the body that is not in `skip`.
 */
export interface LogHeader {
  format: 1
  project_id: string
  key_id: string
  request_id: string
  /** RFC 3339 UTC with milliseconds; stamped in the tick that calls `append`. */
  received_at: string
  body_until: string
  row_until: string
  encoding: 'identity' | 'gzip'
  inflated_bytes: number
  lines: LogLine[]
  /** Line indices of the body (split at LF) that the sink drops: rejected and blank lines. */
  skip: number[]
  /** How many of `skip` were rejected rather than blank. */
  rejected: number
  client?: ClientCounters
}

/** One accepted request. Body: the client's bytes as they came, or NDJSON written anew and gzipped. */
export interface LogRecord {
  header: LogHeader
  body: Uint8Array
}
