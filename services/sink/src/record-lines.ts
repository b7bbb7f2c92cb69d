import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gunzipSync } from 'node:zlib'
import type { PositionedRecord } from '@flywheel/event-log'
import { type LogLine, splitLines } from '@flywheel/schema'

const inflate = promisify(gunzip)
const SMALL_BYTES = 512 * 1024

/** One accepted line of a record. */
export interface RecordLine extends LogLine {
  /** Index in the body, counted over every line of it. */
  line: number
  /** The bytes as they came; empty when the record cannot be read. */
  bytes: Uint8Array
  /** First 8 bytes of the SHA-256 of `bytes`, in hex. */
  hash: string
}

/** The accepted lines of a record; `problem` says why its body could not be matched with its header. */
export interface RecordLines {
  lines: RecordLine[]
  problem: string | null
}

/** A record with its lines, as it waits for its batch. */
export interface ReadRecord extends PositionedRecord {
  read: RecordLines
}

/**
 * Inflates a record's body and pairs its accepted lines with the header's. Inflating stops at the header's
 * `inflated_bytes`. A body that cannot be read yields the header's lines without bytes and the problem: they become
 * dead letters, since the record was accepted and must not vanish.
 * @param problem what is wrong with the header already, if anything
 */
export async function readLines(record: PositionedRecord, problem: string | null = null): Promise<RecordLines> {
  const { header } = record
  if (problem !== null) return unreadable(record, problem)
  try {
    const body = await inflatedBody(record)
    const skip = new Set(header.skip)
    const accepted: { bytes: Uint8Array; line: number }[] = []
    let index = 0
    for (const [start, end] of splitLines(body)) {
      if (!skip.has(index)) accepted.push({ bytes: body.subarray(start, end), line: index })
      index++
    }
    if (accepted.length !== header.lines.length) {
      return unreadable(record, `the header describes ${header.lines.length} lines and the body has ${accepted.length}`)
    }
    const lines = header.lines.map((meta, k) => ({ ...meta, ...accepted[k]!, hash: lineHash(accepted[k]!.bytes) }))
    return { lines, problem: null }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    return unreadable(record, `the body cannot be inflated to ${header.inflated_bytes} bytes: ${code}`)
  }
}

/** First 8 bytes of the SHA-256 of a line's bytes, in hex: tells a repeat from a reused id. */
export function lineHash(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex').slice(0, 16)
}

function inflatedBody({ header, body }: PositionedRecord): Uint8Array | Promise<Uint8Array> {
  if (header.encoding === 'identity') return body
  // One piece: by default it would come in pieces of 16 KiB that are copied together, at twice the cost.
  const options = {
    maxOutputLength: Math.max(1, header.inflated_bytes),
    chunkSize: Math.max(64, header.inflated_bytes),
  }
  // A small body inflates sooner than a thread of the pool answers.
  return header.inflated_bytes <= SMALL_BYTES ? gunzipSync(body, options) : inflate(body, options)
}

function unreadable(record: PositionedRecord, problem: string): RecordLines {
  const bytes = new Uint8Array(0)
  const lines = record.header.lines.map((meta, line) => ({ ...meta, line, bytes, hash: lineHash(bytes) }))
  return { lines, problem }
}
