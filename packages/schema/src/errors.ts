/** Every error code with its HTTP status and whether the same request may succeed later. A closed table: add here, nowhere else. */
export const ERRORS = {
  // one line of a request
  not_json: { httpStatus: 400, isRetryable: false },
  not_utf8: { httpStatus: 400, isRetryable: false },
  not_an_object: { httpStatus: 400, isRetryable: false },
  event_too_large: { httpStatus: 413, isRetryable: false },
  event_too_deep: { httpStatus: 422, isRetryable: false },
  invalid_event: { httpStatus: 422, isRetryable: false },
  unknown_type: { httpStatus: 422, isRetryable: false },
  unsupported_schema_version: { httpStatus: 422, isRetryable: false },
  reserved_field: { httpStatus: 422, isRetryable: false },
  invalid_text: { httpStatus: 422, isRetryable: false },
  clock_out_of_range: { httpStatus: 422, isRetryable: false },
  not_allowed: { httpStatus: 403, isRetryable: false },
  overloaded: { httpStatus: 503, isRetryable: true },
  ticket_malformed: { httpStatus: 401, isRetryable: false },
  ticket_forged: { httpStatus: 401, isRetryable: false },
  ticket_expired: { httpStatus: 401, isRetryable: false },
  ticket_revoked: { httpStatus: 401, isRetryable: false },
  ticket_wrong_target: { httpStatus: 403, isRetryable: false },
  ticket_wrong_kind: { httpStatus: 403, isRetryable: false },
  // a whole request
  no_line_parses: { httpStatus: 400, isRetryable: false },
  no_event_valid: { httpStatus: 422, isRetryable: false },
  bad_gzip: { httpStatus: 400, isRetryable: false },
  body_too_large: { httpStatus: 413, isRetryable: false },
  too_many_lines: { httpStatus: 413, isRetryable: false },
  unsupported_media_type: { httpStatus: 415, isRetryable: false },
  unsupported_encoding: { httpStatus: 415, isRetryable: false },
  unauthorized: { httpStatus: 401, isRetryable: false },
  forbidden: { httpStatus: 403, isRetryable: false },
  origin_not_allowed: { httpStatus: 403, isRetryable: false },
  rate_limited: { httpStatus: 429, isRetryable: true },
  backlog_full: { httpStatus: 503, isRetryable: true },
  log_unavailable: { httpStatus: 503, isRetryable: true },
  draining: { httpStatus: 503, isRetryable: true },
  // query and control
  invalid_request: { httpStatus: 400, isRetryable: false },
  invalid_cursor: { httpStatus: 400, isRetryable: false },
  not_found: { httpStatus: 404, isRetryable: false },
  conflict: { httpStatus: 409, isRetryable: true },
  query_failed: { httpStatus: 400, isRetryable: false },
  query_limit: { httpStatus: 400, isRetryable: false },
  nothing_to_export: { httpStatus: 422, isRetryable: false },
  inputs_changed: { httpStatus: 409, isRetryable: false },
  exporter_unavailable: { httpStatus: 503, isRetryable: true },
  // inside a process
  assignment_stale: { httpStatus: 409, isRetryable: true },
  append_timeout: { httpStatus: 503, isRetryable: true },
  store_unavailable: { httpStatus: 503, isRetryable: true },
  store_locked: { httpStatus: 503, isRetryable: false },
  store_failed: { httpStatus: 503, isRetryable: true },
  insert_rejected: { httpStatus: 422, isRetryable: false },
  port_in_use: { httpStatus: 503, isRetryable: false },
  invalid_config: { httpStatus: 500, isRetryable: false },
  invalid_log_record: { httpStatus: 500, isRetryable: false },
  internal: { httpStatus: 500, isRetryable: false },
} as const satisfies Record<string, { httpStatus: number; isRetryable: boolean }>

export type ErrorCode = keyof typeof ERRORS

const marker: unique symbol = Symbol.for('flywheel.error') as never

/** The one error of Flywheel. `message` says subject, problem, value and next step. */
export class FlywheelError extends Error {
  readonly code: ErrorCode
  readonly isRetryable: boolean
  readonly httpStatus: number

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'FlywheelError'
    this.code = code
    this.isRetryable = ERRORS[code].isRetryable
    this.httpStatus = ERRORS[code].httpStatus
    Object.defineProperty(this, marker, { value: true })
  }
}

/** True for a FlywheelError of this or any other installed copy of the package. */
export function isFlywheelError(error: unknown): error is FlywheelError {
  return typeof error === 'object' && error !== null && marker in error
}
