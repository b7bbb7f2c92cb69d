import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { PositionedRecord } from '@flywheel/event-log'
import type { EventType, LogHeader, LogLine, LogRecord } from '@flywheel/schema'
import { NO_LIMIT_UNTIL } from '@flywheel/schema'

let newest = 0

/** A UUIDv7 of now, greater than the one before. */
export function uuid(at: number = Date.now()): string {
  newest = Math.max(newest, at)
  const bytes = randomBytes(16)
  bytes.writeUIntBE(newest, 0, 6)
  bytes[6] = 0x70 | (bytes[6]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** One line of a record to be made. */
export interface Line {
  meta: LogLine
  text: string
}

export type EventFields = Record<string, unknown>

/** A valid event of a type as a line. */
export function line(type: EventType, fields: EventFields = {}, meta: Partial<LogLine> = {}): Line {
  const id = (fields['id'] as string | undefined) ?? uuid()
  const event = { type, id, schema_version: 1, ...BODIES[type](id), ...fields }
  return { meta: { type, id, trust: 'server', ...meta }, text: JSON.stringify(event) }
}

/** A line as given, for what no encoder would write. */
export function rawLine(type: EventType, id: string, text: string): Line {
  return { meta: { type, id, trust: 'server' }, text }
}

const BODIES: Record<EventType, (id: string) => EventFields> = {
  interaction: (id) => ({
    turn_id: id,
    session_id: 's1',
    user_id: 'u1',
    provider: 'openai',
    messages: [{ role: 'user', parts: [{ type: 'text', content: `where is my order ${id}` }] }],
    outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'on its way' }] }],
    has_text: true,
    usage_input_tokens: 12,
    metadata: { plan: 'pro' },
  }),
  feedback: () => ({ kind: 'thumb', target_kind: 'response', target: 'resp_1', label: 'up', author_kind: 'end_user' }),
  link: () => ({ target_kind: 'response', target: 'resp_1', ref: 'zendesk:comment/1' }),
  consent: () => ({ subject_kind: 'user', subject: 'u1', purpose: 'train', label: 'granted' }),
}

/** A record as the collector would append it. */
export function record(lines: readonly Line[], header: Partial<LogHeader> = {}): LogRecord {
  const text = Buffer.from(lines.map((one) => `${one.text}\n`).join(''))
  const encoding = header.encoding ?? 'identity'
  return {
    header: {
      format: 1,
      project_id: 'p1',
      key_id: 'k1',
      request_id: uuid(),
      received_at: new Date().toISOString(),
      body_until: NO_LIMIT_UNTIL,
      row_until: NO_LIMIT_UNTIL,
      inflated_bytes: text.length,
      lines: lines.map((one) => one.meta),
      skip: [],
      rejected: 0,
      ...header,
      encoding,
    },
    body: encoding === 'gzip' ? gzipSync(text) : text,
  }
}

/** A record at an offset of partition 0, for parts that need no log. */
export function positioned(offset: number, one: LogRecord, partition = 0): PositionedRecord {
  return { ...one, position: { log_id: 'log1', partition, offset } }
}
