import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { LogRecord } from '@flywheel/schema'
import type { EventLog, Position } from '../event-log.js'

/** What a generated record varies. */
export interface RecordShape {
  /** Bytes of the inflated body. @default 200 */
  bytes?: number
  /** @default 1 */
  lines?: number
  encoding?: 'identity' | 'gzip'
  /** How long before now `received_at` is. @default 0 */
  age_ms?: number
  /** @default conformance */
  project_id?: string
}

/** Record number `n`: its body follows from `n` alone, its stamp is the present. */
export function recordOf(n: number, shape: RecordShape = {}): LogRecord {
  const inflated = bytesOf(n, shape.bytes ?? 200)
  return {
    header: {
      format: 1,
      project_id: shape.project_id ?? 'conformance',
      key_id: 'key',
      request_id: String(n),
      received_at: new Date(Date.now() - (shape.age_ms ?? 0)).toISOString(),
      body_until: '2100-01-01T00:00:00.000Z',
      row_until: '2100-01-01T00:00:00.000Z',
      encoding: shape.encoding ?? 'identity',
      inflated_bytes: inflated.length,
      lines: Array.from({ length: shape.lines ?? 1 }, (_, line) => ({
        type: 'interaction' as const,
        id: `0190a5d0-0000-7000-8000-${(n * 1_000 + line).toString(16).padStart(12, '0')}`,
        trust: 'server' as const,
        user: digest(`user ${n}`).toString('hex').slice(0, 32),
      })),
      skip: [],
      rejected: 0,
      client: { instance: 'instance', seq: n, created: n, dropped: 0, rejected: 0 },
    },
    body: shape.encoding === 'gzip' ? gzipSync(inflated) : inflated,
  }
}

/** The number a record was made of. */
export function numberOf(record: LogRecord): number {
  return Number(record.header.request_id)
}

/** Bytes of every value 0 to 255, different for every `n`, not valid UTF-8. */
function bytesOf(n: number, bytes: number): Buffer {
  const body = Buffer.allocUnsafe(bytes)
  const seed = digest(`body ${n}`)
  for (let at = 0; at < bytes; at++) body[at] = ((seed[at % seed.length] as number) + at) & 255
  return body
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Appends records 0 to `count - 1` with many under way at a time. @returns where each one went, by number */
export async function appendMany(
  log: EventLog,
  count: number,
  { concurrency = 16, from = 0, shape = {} }: { concurrency?: number; from?: number; shape?: RecordShape } = {},
): Promise<Map<number, Position>> {
  const positions = new Map<number, Position>()
  let next = from
  const worker = async (): Promise<void> => {
    while (next < from + count) {
      const n = next++
      positions.set(n, await log.append(recordOf(n, shape)))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return positions
}
