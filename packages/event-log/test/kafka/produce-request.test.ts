import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32c } from '../../src/kafka/crc32c.js'
import { encodeProduce, type ProduceBatch } from '../../src/kafka/produce-request.js'

const require = createRequire(import.meta.url)
const peerRequest = require('kafkajs/src/protocol/requests/produce/v7/request') as (options: object) => {
  encode(): Promise<{ buffer: Buffer }>
}
const peerCrc = require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number

/** The same request by kafkajs's own encoder. */
async function byKafkajs(batch: ProduceBatch): Promise<Buffer> {
  const messages = batch.messages.map(({ value, headerName, header }) => ({
    value,
    headers: { [headerName]: Buffer.from(header) },
    timestamp: batch.timestamp,
  }))
  const { partition, firstSequence } = batch
  const request = peerRequest({
    acks: -1,
    timeout: batch.timeout_ms,
    producerId: batch.producerId.toString(),
    producerEpoch: batch.producerEpoch,
    compression: 0,
    topicData: [{ topic: batch.topic, partitions: [{ partition, firstSequence, messages }] }],
  })
  return (await request.encode()).buffer
}

describe('a Produce request', () => {
  it('has the bytes that kafkajs gives it', async () => {
    const message = fc.record({
      value: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      headerName: fc.constantFrom('flywheel', 'ü'),
      header: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    })
    const batch = fc.record({
      topic: fc.constantFrom('flywheel-events', 't'),
      partition: fc.nat({ max: 1_000 }),
      producerId: fc.bigInt({ min: 0n, max: 2n ** 53n }),
      producerEpoch: fc.nat({ max: 32_767 }),
      firstSequence: fc.nat({ max: 2 ** 31 - 1 }),
      timestamp: fc.integer({ min: 1, max: 4_102_444_800_000 }),
      timeout_ms: fc.nat({ max: 60_000 }),
      messages: fc.array(message, { minLength: 1, maxLength: 130 }),
    })
    await fc.assert(
      fc.asyncProperty(batch, async (given) => {
        expect(encodeProduce(given).equals(await byKafkajs(given))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('carries bodies of more than 8 MiB', async () => {
    const value = Buffer.alloc(9 * 1024 * 1024, 'x')
    const given: ProduceBatch = {
      topic: 't',
      partition: 0,
      producerId: 1n,
      producerEpoch: 0,
      firstSequence: 0,
      timestamp: 1,
      timeout_ms: 1,
      messages: [{ value, headerName: 'flywheel', header: Buffer.from('h') }],
    }
    expect(encodeProduce(given).equals(await byKafkajs(given))).toBe(true)
  })
})

describe('CRC-32C', () => {
  it('is that of RFC 3720', () => {
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
    expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, at) => at)))).toBe(0x46dd794e)
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  })

  it('is that of kafkajs at every length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        (bytes) => crc32c(Buffer.from(bytes)) === peerCrc(Buffer.from(bytes)),
      ),
    )
  })
})
