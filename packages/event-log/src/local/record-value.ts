import { decodeHeader, encodeHeader, type LogHeader, type LogRecord } from '@flywheel/schema'

/**
 * Running sums over everything ever appended to a partition, taken before a record. They stand in front of each record,
 * so that the size of any backlog is one subtraction and never a scan.
 */
export interface Totals {
  lines: number
  /** Inflated bytes. */
  bytes: number
  /** Bytes in the file, pages counted whole. */
  stored: number
  /** Greatest `received_at` so far, in milliseconds. */
  newest: number
}

export const NO_TOTALS: Totals = { lines: 0, bytes: 0, stored: 0, newest: 0 }

/** What stands in front of a record. */
export interface RecordHead {
  before: Totals
  received: number
}

const FORMAT = 1
const HEAD_BYTES = 48
const PAGE_BYTES = 4096

/** The bytes of a record with an empty head; copies the body, so the caller may reuse it. */
export function encodeRecord(record: LogRecord): Buffer {
  const header = encodeHeader(record.header)
  const value = Buffer.allocUnsafeSlow(HEAD_BYTES + header.length + record.body.length)
  value.fill(0, 0, HEAD_BYTES)
  value.writeUInt8(FORMAT, 0)
  value.writeUInt32LE(header.length, 4)
  value.set(header, HEAD_BYTES)
  value.set(record.body, HEAD_BYTES + header.length)
  return value
}

/** Fills the head once the record's place is known. */
export function writeHead(value: Buffer, head: RecordHead): void {
  value.writeDoubleLE(head.received, 8)
  value.writeDoubleLE(head.before.lines, 16)
  value.writeDoubleLE(head.before.bytes, 24)
  value.writeDoubleLE(head.before.stored, 32)
  value.writeDoubleLE(head.before.newest, 40)
}

export function readHead(value: Buffer): RecordHead {
  if (value.readUInt8(0) !== FORMAT) throw new Error(`log record of unknown format ${value.readUInt8(0)}`)
  return {
    received: value.readDoubleLE(8),
    before: {
      lines: value.readDoubleLE(16),
      bytes: value.readDoubleLE(24),
      stored: value.readDoubleLE(32),
      newest: value.readDoubleLE(40),
    },
  }
}

export function decodeRecord(value: Buffer): LogRecord {
  const bodyAt = HEAD_BYTES + value.readUInt32LE(4)
  return {
    header: decodeHeader(value.subarray(HEAD_BYTES, bodyAt)),
    body: value.subarray(bodyAt),
  }
}

/** The sums after a record. */
export function totalsAfter(head: RecordHead, header: LogHeader, storedBytes: number): Totals {
  return {
    lines: head.before.lines + header.lines.length,
    bytes: head.before.bytes + header.inflated_bytes,
    stored: head.before.stored + storedBytes,
    newest: Math.max(head.before.newest, head.received),
  }
}

/** Bytes a value takes in the file: small ones share a page, larger ones have pages of their own. */
export function storedBytesOf(valueBytes: number): number {
  if (valueBytes < PAGE_BYTES / 2) return valueBytes + 32
  return Math.ceil((valueBytes + 16) / PAGE_BYTES) * PAGE_BYTES + 32
}
