import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordOf } from '../../src/conformance/records.js'
import { QUICK } from './kafka-factory.js'

const missing = await kafkaMissing()

describe.skipIf(missing !== null)('partitions that are added while a log is open', () => {
  let kafka: Brokers
  beforeAll(async () => {
    kafka = await startBrokers()
  })
  afterAll(() => kafka?.close())

  it('hold its watermark and are in its backlog at once: a look at the old ones alone would pass what waits in them', async () => {
    const brokers = kafka.bootstrap
    await createTopics({ brokers, topic: 'grown', partitions: 1 })
    const before = await openKafkaLog({ brokers, topic: 'grown', ...QUICK })
    expect(await before.progress('sink')).toHaveLength(1)

    const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin()
    await admin.connect()
    await admin.createPartitions({ topicPartitions: [{ topic: 'grown', count: 8 }] })
    await admin.disconnect()
    const after = await openKafkaLog({ brokers, topic: 'grown', ...QUICK })
    const positions = []
    for (let n = 0; n < 40; n++) positions.push(await after.append(recordOf(n)))
    expect(new Set(positions.map(({ partition }) => partition)).size).toBeGreaterThan(1)

    expect(await before.progress('sink')).toHaveLength(8)
    expect((await before.backlog('sink')).records).toBe(40)
    const waits = Date.now()
    await expect.poll(() => Date.now() - waits, { timeout: 10_000 }).toBeGreaterThan(QUICK.watermark_margin_ms + 500)
    // Nothing was committed, so it stands before all that was appended.
    expect(Date.parse(await before.watermark('sink'))).toBeLessThan(waits)
    await Promise.all([before.close(), after.close()])
  })
})
