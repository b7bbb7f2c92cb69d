import { createTopics, type KafkaLogEntry, openKafkaLog } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import kafkajs, { type Admin } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSeen, joinAs } from '../../src/conformance/applier.js'
import { appendMany, numberOf, recordOf } from '../../src/conformance/records.js'
import { QUICK } from './kafka-factory.js'

const missing = await kafkaMissing()
const PATIENCE = { timeout: 30_000 }

describe.skipIf(missing !== null)('what no retry mends', () => {
  let kafka: Brokers
  let admin: Admin
  beforeAll(async () => {
    kafka = await startBrokers()
    admin = new kafkajs.Kafka({ brokers: kafka.bootstrap, logLevel: kafkajs.logLevel.NOTHING }).admin()
    await admin.connect()
  })
  afterAll(async () => {
    await admin?.disconnect()
    await kafka?.close()
  })

  /** A log with one partition, and what it said. */
  async function open(topic: string) {
    const fatal: Error[] = []
    const said: KafkaLogEntry[] = []
    await createTopics({ brokers: kafka.bootstrap, topic, partitions: 1 })
    const log = await openKafkaLog({
      brokers: kafka.bootstrap,
      topic,
      ...QUICK,
      onFatal: (error) => fatal.push(error),
      onLog: (entry) => said.push(entry),
    })
    return { log, fatal, said, seen: createSeen() }
  }

  it('a message of another program ends the member, after what stands before it', async () => {
    const { log, fatal, seen } = await open('foreign')
    await log.append(recordOf(0))
    const producer = new kafkajs.Kafka({ brokers: kafka.bootstrap, logLevel: kafkajs.logLevel.NOTHING }).producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    })
    await producer.connect()
    await producer.send({ topic: 'foreign', messages: [{ value: 'hello' }] })
    await producer.disconnect()
    const member = await joinAs(log, 'sink', seen)
    await expect.poll(() => fatal.length, PATIENCE).toBe(1)
    expect(fatal[0]?.message).toContain('Message 1 of partition 0 was not written by Flywheel')
    expect(seen.delivered.map(numberOf)).toEqual([0])
    await member.stop()
    await log.close()
  })

  it('records that retention deleted before they were stored are told, and the member goes on', async () => {
    const { log, said, fatal, seen } = await open('short')
    await appendMany(log, 6, { concurrency: 1 })
    const first = await joinAs(log, 'sink', seen, { slice_records: 1 })
    await expect.poll(() => seen.committed.size, PATIENCE).toBe(6)
    await first.stop()
    await admin.setOffsets({ groupId: 'sink', topic: 'short', partitions: [{ partition: 0, offset: '2' }] })
    await admin.deleteTopicRecords({ topic: 'short', partitions: [{ partition: 0, offset: '4' }] })
    const rest = createSeen()
    const member = await joinAs(log, 'sink', rest)
    await expect.poll(() => rest.committed.size, PATIENCE).toBe(2)
    expect(rest.violations).toEqual([])
    expect(said.map(({ fields }) => fields)).toContainEqual({ partition: 0, first: 2, last: 3, records: 2 })
    expect(fatal).toEqual([])
    expect((await log.backlog('sink')).records).toBe(0)
    await member.stop()
    await log.close()
  })

  it('a group that stands beyond the end of its topic ends the member', async () => {
    const { log, fatal, seen } = await open('behind')
    await log.append(recordOf(0))
    await admin.setOffsets({ groupId: 'sink', topic: 'behind', partitions: [{ partition: 0, offset: '100' }] })
    const member = await joinAs(log, 'sink', seen)
    await expect.poll(() => fatal.length, PATIENCE).toBe(1)
    expect(fatal[0]?.message).toContain('wants offset 100 of partition 0 of behind, which ends at 1')
    await member.stop()
    await log.close()
  })

  it('a topic that is deleted and made anew under a running member ends it: its records would take old tokens', async () => {
    const { log, fatal, seen } = await open('anew')
    await log.append(recordOf(0))
    const member = await joinAs(log, 'sink', seen)
    await expect.poll(() => seen.committed.size, PATIENCE).toBe(1)
    await admin.deleteTopics({ topics: ['anew'] })
    await createTopics({ brokers: kafka.bootstrap, topic: 'anew', partitions: 1 })
    await expect.poll(() => fatal.length, PATIENCE).toBe(1)
    expect(fatal[0]?.message).toContain('was deleted and made anew')
    await member.stop()
    await log.close()
  })
})
