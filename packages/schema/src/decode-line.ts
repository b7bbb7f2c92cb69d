import { isDeeperThan } from './depth.js'
import type { ErrorCode } from './errors.js'
import { EVENT_ACCEPTS, EVENT_SCHEMAS } from './events.js'
import { hasInvalidText } from './invalid-text.js'
import { problemMessage } from './problem-message.js'
import { mayHoldSpelledIntegers, respellIntegers } from './respell-integers.js'
import { uuidv7Time } from './uuidv7.js'
import { EVENT_TYPES, type EventType, type FlywheelEvent, LIMITS, RESERVED_FIELDS, SCHEMA_VERSION } from './wire.js'

/** A line that may be accepted. `rewritten` stands where the line must be stored in another spelling. */
export interface DecodedLine {
  ok: true
  event: FlywheelEvent
  rewritten?: string
}

/** A line that must be rejected. `id` is the event's id where one can be read. */
export interface RefusedLine {
  ok: false
  id: string | null
  code: ErrorCode
  message: string
}

function refuse(code: ErrorCode, message: string, event?: Record<string, unknown>): RefusedLine {
  const id = event?.['id']
  return { ok: false, id: typeof id === 'string' && id.length <= 64 ? id : null, code, message }
}

const hasOwn = Object.prototype.hasOwnProperty

/**
 * Decodes one NDJSON line of `POST /v1/events`. Its size in bytes and its UTF-8 were checked before.
 * The event is what `JSON.parse` gave, unknown fields included. Never throws.
 * @param now the server's time in Unix milliseconds
 */
export function decodeLine(text: string, now: number): DecodedLine | RefusedLine {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('not_json', `the line is no JSON (${text.length} characters); send one object a line`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('not_an_object', 'the line is JSON but no object; send one object a line')
  }
  const event = value as Record<string, unknown>
  if (isDeeperThan(text, LIMITS.depth)) {
    return refuse(
      'event_too_deep',
      `the event nests deeper than ${LIMITS.depth} levels; send such a value as text`,
      event,
    )
  }
  const hasEscapes = text.includes('\\u')
  if (hasInvalidText(text, event, hasEscapes)) {
    return refuse('invalid_text', 'a string holds a lone surrogate or NUL; replace it, U+FFFD is usual')
  }
  const type = event['type']
  if (!EVENT_TYPES.includes(type as EventType)) {
    const given =
      typeof type === 'string' ? JSON.stringify(type.slice(0, 40)) : `${type === undefined ? 'missing' : 'no string'}`
    return refuse('unknown_type', `type is ${given}; send one of ${EVENT_TYPES.join(', ')}`, event)
  }
  if (event['schema_version'] !== SCHEMA_VERSION) {
    const version = event['schema_version']
    const given = version === undefined ? 'missing' : typeof version === 'number' ? version : `no number`
    return refuse(
      'unsupported_schema_version',
      `schema_version is ${given}; this server reads ${SCHEMA_VERSION}`,
      event,
    )
  }
  if (!EVENT_ACCEPTS[type as EventType](event)) {
    for (const field of RESERVED_FIELDS) {
      if (!hasOwn.call(event, field)) continue
      return refuse(
        'reserved_field',
        `${field} is written by the server alone; send it in metadata or leave it out`,
        event,
      )
    }
    // The schema has the last word: a "no" above may mean only that the quick check does not know.
    const checked = EVENT_SCHEMAS[type as EventType].safeParse(event)
    if (!checked.success) return refuse('invalid_event', problemMessage(checked.error, event), event)
  }

  const age = now - uuidv7Time(event['id'] as string)
  if (age > LIMITS.id_age_ms || -age > LIMITS.id_ahead_ms) {
    const limit = age > 0 ? '400 days ago' : '24 hours ahead'
    return refuse(
      'clock_out_of_range',
      `the time in id is more than ${limit}; the server's time is ${new Date(now).toISOString()}, set the clock and make a new id`,
      event,
    )
  }
  if (mayHoldSpelledIntegers(text, type as EventType, hasEscapes)) {
    const rewritten = respellIntegers(text, type as EventType)
    if (rewritten !== text) return { ok: true, event: event as unknown as FlywheelEvent, rewritten }
  }
  return { ok: true, event: event as unknown as FlywheelEvent }
}
