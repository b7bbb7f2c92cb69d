import { z } from 'zod'
import { acceptOf } from './accept.js'
import { FlywheelError } from './errors.js'
import { nonEmpty, text, uuidv7 } from './fields.js'
import type { LogHeader } from './log-record.js'
import { EVENT_TYPES, TRUSTS } from './wire.js'

const count = z.int().min(0)
const hmac = z.string().regex(/^[0-9a-f]{32}$/)
const canonical = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
// 1970 would be a TTL of 0, which deletes live rows.
const until = z.string().regex(/^(?!1970)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

/** The header of a log record. Loose: a later minor version may add fields, which an older sink passes over. */
export const logHeaderSchema = z.looseObject({
  format: z.literal(1),
  project_id: nonEmpty,
  key_id: text,
  request_id: nonEmpty,
  received_at: canonical,
  body_until: until,
  row_until: until,
  encoding: z.enum(['identity', 'gzip']),
  inflated_bytes: count,
  lines: z.array(
    z.looseObject({
      type: z.enum(EVENT_TYPES),
      id: uuidv7,
      trust: z.enum(TRUSTS),
      user: hmac.optional(),
      author: hmac.optional(),
      session: hmac.optional(),
      replays: count.optional(),
    }),
  ),
  skip: z.array(count),
  rejected: count,
  client: z.looseObject({ instance: nonEmpty, seq: count, created: count, dropped: count, rejected: count }).optional(),
})

const accepts = acceptOf(logHeaderSchema)

/** The bytes of a header: JSON in UTF-8. */
export function encodeHeader(header: LogHeader): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(header))
}

/**
 * Reads a header back and checks it.
 * @throws FlywheelError `invalid_log_record`, not retryable: the record was damaged, or written by a newer version
 */
export function decodeHeader(bytes: Uint8Array): LogHeader {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new FlywheelError('invalid_log_record', 'the header of a log record is no JSON; the log is damaged', {
      cause,
    })
  }
  const format = (header as { format?: unknown } | null)?.format
  if (typeof format === 'number' && format !== 1) {
    throw new FlywheelError(
      'invalid_log_record',
      `a log record has format ${format}, this version reads 1; upgrade the sink before the collector`,
    )
  }
  if (!accepts(header)) {
    const issue = logHeaderSchema.safeParse(header).error?.issues[0]
    if (issue !== undefined) {
      const message = `the header of a log record is invalid at ${issue.path.join('.') || 'the top'}: ${issue.message}`
      throw new FlywheelError('invalid_log_record', message)
    }
  }
  return header as LogHeader
}
