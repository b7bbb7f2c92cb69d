import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, type KafkaLogEntry, openKafkaLog } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import kafkajs, { type Admin } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSeen, joinAs } from '../../src/conformance/applier.js'
import { appendMany, numberOf, recordOf } from '../../src/conformance/records.js'
import type { Assignment, Boundary } from '../../src/event-log.js'
import { QUICK } from './kafka-factory.js'

const missing = await kafkaMissing()
const PATIENCE = { timeout: 30_000 }
const LOST = /^retention deleted records/

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

  /** What was told of records that are gone. */
  function lost(said: readonly KafkaLogEntry[]): unknown[] {
    return said.filter(({ level, message }) => level === 'error' && LOST.test(message)).map(({ fields }) => fields)
  }

  async function deleteBefore(topic: string, offset: string): Promise<void> {
    // Lets the client learn who leads the partition, which deleting does not.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset }] })
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

  it('retention that overtakes a tenant during a long outage ends its tenancy once it has committed, and tells the gap', async () => {
    const { log, said, fatal } = await open('overtaken')
    await appendMany(log, 3, { concurrency: 1 })
    const held: { assignment: Assignment; offsets: number[] }[] = []
    let release = (): void => {}
    const stored = new Promise<void>((resolve) => {
      release = resolve
    })
    const member = await log.consume(
      'sink',
      async ({ assignment, first, last }) => {
        const known = held.find((each) => each.assignment === assignment)
        if (known === undefined) held.push({ assignment, offsets: [first] })
        else known.offsets.push(first)
        // Takes like a sink whose store is away: into its memory, until that is full.
        if (held.length === 1 && first === 2) await stored
        if (held.length > 1) await assignment.commit(last)
      },
      { slice_records: 1 },
    )
    await expect.poll(() => held[0]?.offsets, PATIENCE).toEqual([0, 1, 2])
    // One record is fetched ahead of the full memory; what follows it is only in the topic.
    await log.append(recordOf(3))
    await sleep(1_500)
    for (let n = 4; n < 8; n++) await log.append(recordOf(n))
    await deleteBefore('overtaken', '6')
    release()
    await expect.poll(() => held[0]?.offsets, PATIENCE).toEqual([0, 1, 2, 3])
    await expect.poll(() => lost(said).length, PATIENCE).toBeGreaterThan(0)

    // The tenant holds the only copy of what it was handed: it may still store it.
    await sleep(500)
    expect(held).toHaveLength(1)
    const tenant = held[0]?.assignment as Assignment
    await tenant.propose({ first: 0, last: 3 })
    await tenant.commit(3)
    await expect.poll(() => held[1]?.offsets, PATIENCE).toEqual([6, 7])
    expect([tenant.isStale(), held[1]?.assignment.isStale()]).toEqual([true, false])
    await expect.poll(async () => (await log.backlog('sink')).records, PATIENCE).toBe(0)
    expect(lost(said)).toEqual([{ partition: 0, first: 4, last: 5, records: 2 }])
    expect(fatal).toEqual([])
    await member.stop()
    await log.close()
  })

  it('a range to be redone whose end retention took is not waited for: what was handed over of it is told as lost', async () => {
    const { log, said, fatal } = await open('torn')
    // A fetch holds one of them.
    for (let n = 0; n < 4; n++) await log.append(recordOf(n, { bytes: 3_000_000 }))
    let isProposed = false
    const earlier = await log.consume('sink', async ({ assignment, last }) => {
      if (last < 3) return
      await assignment.propose({ first: 0, last: 3 })
      isProposed = true
    })
    await expect.poll(() => isProposed, PATIENCE).toBe(true)
    await earlier.stop()

    const handed: { assignment: Assignment; first: number; boundary: Boundary | null }[] = []
    let release = (): void => {}
    const overtaken = new Promise<void>((resolve) => {
      release = resolve
    })
    const member = await log.consume('sink', async ({ assignment, first, last }) => {
      handed.push({ assignment, first, boundary: await assignment.recoverBoundary() })
      if (first === 0) await overtaken
      if (assignment !== handed[0]?.assignment) await assignment.commit(last)
    })
    await expect.poll(() => handed.length, PATIENCE).toBe(1)
    await sleep(1_500)
    await deleteBefore('torn', '3')
    release()
    await expect.poll(async () => (await log.backlog('sink')).records, PATIENCE).toBe(0)
    expect(handed.map(({ first, boundary }) => ({ first, boundary }))).toEqual([
      { first: 0, boundary: { first: 0, last: 3 } },
      { first: 1, boundary: { first: 0, last: 3 } },
      { first: 3, boundary: { first: 3, last: 3 } },
    ])
    expect(handed[0]?.assignment.isStale()).toBe(true)
    expect(lost(said)).toEqual([
      { partition: 0, first: 2, last: 2, records: 1 },
      { partition: 0, first: 0, last: 1, records: 2 },
    ])
    expect(fatal).toEqual([])
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
    await expect.poll(async () => (await admin.listTopics()).includes('anew'), PATIENCE).toBe(false)
    await createTopics({ brokers: kafka.bootstrap, topic: 'anew', partitions: 1 })
    await expect.poll(() => fatal.length, PATIENCE).toBe(1)
    expect(fatal[0]?.message).toContain('was deleted and made anew')
    await member.stop()
    await log.close()
  })
})
