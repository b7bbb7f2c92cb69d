import { crc32c } from './crc32c.js'

/** One message of a request: a value and one header. */
export interface ProduceMessage {
  readonly value: Buffer
  readonly headerName: string
  readonly header: Uint8Array
}

/** What one Produce request says: one batch of one partition of an idempotent producer. */
export interface ProduceBatch {
  topic: string
  partition: number
  producerId: bigint
  producerEpoch: number
  firstSequence: number
  /** Milliseconds; a topic with `LogAppendTime` replaces it. */
  timestamp: number
  timeout_ms: number
  messages: readonly ProduceMessage[]
}

const ALL_IN_SYNC = -1
const MAGIC = 2
/** From the first offset to the number of records. */
const BATCH_HEAD_BYTES = 61
/** First offset and length, which the length leaves out. */
const BEFORE_LENGTH_BYTES = 12
/** Up to and with the checksum, which the checksum leaves out. */
const BEFORE_CHECKED_BYTES = 21

/**
 * The bytes of a Produce request, version 7, without its header: one allocation and one copy of each body. kafkajs
 * encodes the same request with a buffer for every level, which costs more than everything else an accepted batch needs.
 *
 * @see https://kafka.apache.org/documentation/#recordbatch and https://kafka.apache.org/protocol#The_Messages_Produce
 */
export function encodeProduce(batch: ProduceBatch): Buffer {
  const topic = Buffer.from(batch.topic)
  const recordSizes = batch.messages.map((message, at) => recordBytes(message, at))
  const records = recordSizes.reduce((sum, size) => sum + sizeOfVarint(size) + size, 0)
  const batchBytes = BATCH_HEAD_BYTES + records
  const head = 2 + 2 + 4 + 4 + 2 + topic.length + 4 + 4 + 4
  const bytes = Buffer.allocUnsafe(head + batchBytes)
  let at = bytes.writeInt16BE(-1, 0)
  at = bytes.writeInt16BE(ALL_IN_SYNC, at)
  at = bytes.writeInt32BE(batch.timeout_ms, at)
  at = bytes.writeInt32BE(1, at)
  at = bytes.writeInt16BE(topic.length, at)
  at += topic.copy(bytes, at)
  at = bytes.writeInt32BE(1, at)
  at = bytes.writeInt32BE(batch.partition, at)
  at = bytes.writeInt32BE(batchBytes, at)

  const start = at
  at = bytes.writeBigInt64BE(0n, at)
  at = bytes.writeInt32BE(batchBytes - BEFORE_LENGTH_BYTES, at)
  at = bytes.writeInt32BE(0, at)
  at = bytes.writeInt8(MAGIC, at)
  const checksumAt = at
  at = bytes.writeInt16BE(0, at + 4)
  at = bytes.writeInt32BE(batch.messages.length - 1, at)
  at = bytes.writeBigInt64BE(BigInt(batch.timestamp), at)
  at = bytes.writeBigInt64BE(BigInt(batch.timestamp), at)
  at = bytes.writeBigInt64BE(batch.producerId, at)
  at = bytes.writeInt16BE(batch.producerEpoch, at)
  at = bytes.writeInt32BE(batch.firstSequence, at)
  at = bytes.writeInt32BE(batch.messages.length, at)
  batch.messages.forEach((message, delta) => {
    at = writeVarint(bytes, recordSizes[delta] as number, at)
    at = writeRecord(bytes, message, delta, at)
  })
  bytes.writeUInt32BE(crc32c(bytes.subarray(start + BEFORE_CHECKED_BYTES)), checksumAt)
  return bytes
}

function recordBytes({ value, headerName, header }: ProduceMessage, delta: number): number {
  const name = Buffer.byteLength(headerName)
  // Attributes, the delta of the time and no key take a byte each, and so does the number of headers.
  const head = 1 + 1 + sizeOfVarint(delta) + 1 + sizeOfVarint(value.length)
  return head + value.length + 1 + sizeOfVarint(name) + name + sizeOfVarint(header.length) + header.length
}

function writeRecord(
  bytes: Buffer,
  { value, headerName, header }: ProduceMessage,
  delta: number,
  from: number,
): number {
  let at = bytes.writeInt8(0, from)
  at = writeVarint(bytes, 0, at)
  at = writeVarint(bytes, delta, at)
  at = writeVarint(bytes, -1, at)
  at = writeVarint(bytes, value.length, at)
  bytes.set(value, at)
  at = writeVarint(bytes, 1, at + value.length)
  at = writeVarint(bytes, Buffer.byteLength(headerName), at)
  at += bytes.write(headerName, at)
  at = writeVarint(bytes, header.length, at)
  bytes.set(header, at)
  return at + header.length
}

/** Zigzag: the sign in the lowest bit. */
function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0
}

function sizeOfVarint(value: number): number {
  let size = 1
  for (let left = zigzag(value); left >= 0x80; left >>>= 7) size++
  return size
}

function writeVarint(bytes: Buffer, value: number, from: number): number {
  let at = from
  let left = zigzag(value)
  for (; left >= 0x80; left >>>= 7) bytes[at++] = (left & 0x7f) | 0x80
  bytes[at++] = left
  return at
}
