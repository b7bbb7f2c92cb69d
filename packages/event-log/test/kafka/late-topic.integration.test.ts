import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { kafkaMissing } from '@flywheel/kafka-brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GatedBroker, startGatedBroker } from './gated-broker.js'
import { QUICK } from './kafka-factory.js'

const missing = await kafkaMissing()

const METADATA = 3
/** The version that carries the topic's id. */
const WITH_ID = 10

/** What a broker says of a topic that it does not know: no brokers, one topic with error 3, no partitions. */
function unknownTopic(correlation: Buffer): Buffer {
  const head = Buffer.concat([correlation, Buffer.from([0, 0, 0, 0, 0, 1, 0, 255, 255, 255, 255, 2, 0, 3, 2, 0x74])])
  const body = Buffer.concat([head, Buffer.alloc(16), Buffer.from([0, 1, 128, 0, 0, 0, 0, 128, 0, 0, 0, 0])])
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

describe.skipIf(missing !== null)('a topic that a broker has not heard of yet', () => {
  let kafka: GatedBroker
  /** How many requests for an id are still answered as by a broker that hears of topics late. */
  let unknown = 0
  beforeAll(async () => {
    kafka = await startGatedBroker((near, far) => {
      far.pipe(near)
      let held = Buffer.alloc(0)
      near.on('data', (chunk: Buffer) => {
        held = Buffer.concat([held, chunk])
        for (;;) {
          const end = held.length < 4 ? Number.POSITIVE_INFINITY : 4 + held.readInt32BE(0)
          if (held.length < end) return
          const request = held.subarray(0, end)
          held = held.subarray(end)
          const isAboutId = request.readInt16BE(4) === METADATA && request.readInt16BE(6) === WITH_ID
          if (isAboutId && unknown-- > 0) near.write(unknownTopic(request.subarray(8, 12)))
          else far.write(request)
        }
      })
    })
  })
  afterAll(() => kafka?.close())

  it('is waited for when the log is opened', async () => {
    const options = { brokers: kafka.bootstrap, topic: 'late' }
    // Later than what kafkajs asks again by itself.
    const making = sleep(1_000).then(() => createTopics({ ...options, partitions: 1 }))
    const [log] = await Promise.all([openKafkaLog({ ...options, ...QUICK }), making])
    expect(log.log_id).toMatch(/^[0-9a-f]{32}$/)
    await log.close()
  })

  it('is waited for by whom another broker told of it, until the wait is over', async () => {
    const options = { brokers: kafka.bootstrap, topic: 't', ...QUICK }
    await createTopics({ ...options, partitions: 1 })
    unknown = 3
    const log = await openKafkaLog(options)
    expect(unknown).toBe(-1)
    await log.close()
    unknown = Number.POSITIVE_INFINITY
    await expect(openKafkaLog({ ...options, topic_wait_ms: 200 })).rejects.toThrow('flywheel migrate')
  })
})
