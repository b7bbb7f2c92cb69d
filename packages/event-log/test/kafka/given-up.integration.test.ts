import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSeen, joinAs } from '../../src/conformance/applier.js'
import { numberOf, recordOf } from '../../src/conformance/records.js'
import { QUICK } from './kafka-factory.js'

const missing = await kafkaMissing()

describe.skipIf(missing !== null)('an append that is given up while its request is under way', () => {
  let kafka: Brokers
  beforeAll(async () => {
    kafka = await startBrokers()
  })
  afterAll(() => kafka?.close())

  it('is written late or never, and the next append is never taken for it', async () => {
    const topic = 'given-up'
    await createTopics({ brokers: kafka.bootstrap, topic, partitions: 1 })
    const log = await openKafkaLog({ brokers: kafka.bootstrap, topic, ...QUICK, request_timeout_ms: 2_000 })
    const [broker] = kafka.brokers
    const first = await log.append(recordOf(0))

    broker?.suspend()
    await expect(log.append(recordOf(1, { age_ms: 19_000 }))).rejects.toMatchObject({ code: 'append_timeout' })
    // Sent before its deadline and never answered: the broker finds the request when it wakes.
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    broker?.resume()
    const second = await log.append(recordOf(2))

    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen)
    await expect.poll(() => seen.delivered.some((record) => numberOf(record) === 2), { timeout: 20_000 }).toBe(true)
    await member.stop()
    await log.close()
    const stored = new Map(seen.delivered.map((record) => [record.position.offset, numberOf(record)]))
    expect(stored.get(first.offset)).toBe(0)
    expect(stored.get(second.offset)).toBe(2)
    const late = seen.delivered.find((record) => numberOf(record) === 1)
    expect(late, 'the broker dropped the request, so this test proved nothing').toBeDefined()
    // 19 s and more behind: no watermark may have passed it.
    expect(Date.now() - Date.parse(late?.header.received_at as string)).toBeLessThan(19_000)
  })
})
