import type { Position } from '@flywheel/event-log'
import { type EventType, type LogHeader, NO_LIMIT_UNTIL, type Trust } from '@flywheel/schema'

/** The fields that only the sink writes, in the order in which they are spliced. */
export const SPLICED_FIELDS = ['project_id', 'received_at', 'trust', 'source', 'body_until', 'row_until'] as const

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const COMMA = 0x2c

/**
 * The bytes that go before a line's first key: `"project_id":…,"row_until":…`, without braces or a trailing comma.
 * They depend on the record and the line's index alone, so two attempts write the same bytes.
 */
export function headerFields(
  header: LogHeader,
  position: Position,
  line: number,
  event: { type: EventType; trust: Trust },
): Uint8Array {
  const fields: Record<(typeof SPLICED_FIELDS)[number], string> = {
    project_id: header.project_id,
    received_at: header.received_at,
    trust: event.trust,
    source: sourceOf(position, line),
    ...limitsOf(header, event.type),
  }
  return Buffer.from(JSON.stringify(fields).slice(1, -1), 'utf8')
}

/**
 * Until when a row and its bodies are kept. A consent has no limit, whatever the project's retention: a withdrawal that
 * expired would be a grant.
 */
export function limitsOf(header: Limits, type: EventType): Limits {
  if (type === 'consent') return { body_until: NO_LIMIT_UNTIL, row_until: NO_LIMIT_UNTIL }
  return { body_until: header.body_until, row_until: header.row_until }
}

type Limits = Pick<LogHeader, 'body_until' | 'row_until'>

/**
 * Where a row came from: `<log_id>/<partition>:<offset>/<line>`. Offset and line also break a tie between two rows
 * received in one millisecond, so that the first arrival wins there too.
 */
export function sourceOf(position: Position, line: number): string {
  return `${position.log_id}/${position.partition}:${position.offset}/${line}`
}

/**
 * One JSON object with `fields` before its first key, in two pieces. The second is a view of the line: everything
 * after the opening brace keeps its bytes. Nothing is parsed or written anew, so nothing can change between two attempts.
 *
 * @returns null when the line does not begin with `{` and end with `}`. Within those ends a broken line can only be
 *   refused: to swallow its neighbour it would need a comma between the two, or a string that ends before `project_id`.
 */
export function splice(line: Uint8Array, fields: Uint8Array): [Uint8Array, Uint8Array] | null {
  const open = skipWhiteSpace(line, 0)
  if (line[open] !== OPEN_BRACE || lastByte(line) !== CLOSE_BRACE) return null
  const isEmpty = line[skipWhiteSpace(line, open + 1)] === CLOSE_BRACE
  const head = Buffer.allocUnsafe(1 + fields.length + (isEmpty ? 0 : 1))
  head[0] = OPEN_BRACE
  head.set(fields, 1)
  if (!isEmpty) head[head.length - 1] = COMMA
  return [head, line.subarray(open + 1)]
}

/** The four characters that JSON calls white space. */
const isWhiteSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a

function skipWhiteSpace(line: Uint8Array, from: number): number {
  let at = from
  while (isWhiteSpace(line[at])) at++
  return at
}

function lastByte(line: Uint8Array): number | undefined {
  let at = line.length - 1
  while (isWhiteSpace(line[at])) at--
  return line[at]
}
