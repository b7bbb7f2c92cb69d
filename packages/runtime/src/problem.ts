import { ERRORS, type ErrorCode, FlywheelError, isFlywheelError } from '@flywheel/schema'
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { requestIdOf } from './request-id.js'

/** RFC 9457, with Flywheel's code and the id of the request. */
export interface Problem {
  type: string
  title: string
  status: number
  code: ErrorCode
  detail: string
  request_id: string
}

export interface ProblemOptions {
  /** Seconds until a retry makes sense; sent as `Retry-After`. @default 1 for retryable errors */
  retryAfter?: number
  /** More members of the body, such as `rejected`. */
  more?: Record<string, unknown>
}

/**
 * Answers with `application/problem+json`. What is no FlywheelError becomes `internal` and its message stays inside,
 * because it may quote what was sent.
 */
export function problem(c: Context, error: unknown, options: ProblemOptions = {}): Response {
  const known = isFlywheelError(error)
    ? error
    : new FlywheelError(
        'internal',
        'The server failed to answer this request; its log has the cause under the request id',
      )
  // A copy of the package of another version may know codes that this one does not.
  const status = ERRORS[known.code]?.httpStatus ?? 500
  const body: Problem = {
    type: `urn:flywheel:error:${known.code}`,
    title: known.code.replaceAll('_', ' '),
    status,
    code: known.code,
    detail: known.message,
    request_id: requestIdOf(c),
    ...options.more,
  }
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (known.isRetryable) headers['retry-after'] = String(options.retryAfter ?? 1)
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="flywheel"'
  return c.body(JSON.stringify(body), status as ContentfulStatusCode, headers)
}
