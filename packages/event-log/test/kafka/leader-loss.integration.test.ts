import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import { isFlywheelError } from '@flywheel/schema'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSeen, joinAs, keyOf } from '../../src/conformance/applier.js'
import { numberOf, recordOf } from '../../src/conformance/records.js'
import type { EventLog, Position } from '../../src/event-log.js'
import { QUICK } from './kafka-factory.js'

const missing = await kafkaMissing()

/** Which broker leads partition 0, by its id. */
async function leaderOf(kafka: Brokers, topic: string): Promise<number> {
  const admin = new kafkajs.Kafka({ brokers: kafka.bootstrap, logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  await admin.disconnect()
  return topics[0]?.partitions[0]?.leader ?? -1
}

/** Appends until stopped, each one again until it is acknowledged, as a client does. */
function appendUntilStopped(log: EventLog, workers: number) {
  const acknowledged = new Map<string, number>()
  const refusals: string[] = []
  let isStopped = false
  let next = 0
  const worker = async (): Promise<void> => {
    while (!isStopped) {
      const n = next++
      for (let isOpen = true; isOpen; ) {
        const outcome = await log.append(recordOf(n, { bytes: 2_000 })).catch((error: unknown) => error)
        const { partition, offset } = outcome as Position
        if (offset === undefined) refusals.push(isFlywheelError(outcome) ? outcome.code : String(outcome))
        else {
          const key = `${partition}:${offset}`
          expect(acknowledged.get(key), `two appends were told ${key}`).toBeUndefined()
          acknowledged.set(key, n)
          isOpen = false
        }
      }
    }
  }
  const ended = Promise.all(Array.from({ length: workers }, worker))
  return {
    acknowledged,
    refusals,
    stop: async () => {
      isStopped = true
      await ended
    },
  }
}

describe.skipIf(missing !== null)('three brokers', () => {
  let kafka: Brokers
  beforeAll(async () => {
    kafka = await startBrokers({ brokers: 3 })
  })
  afterAll(() => kafka?.close())

  it('the watermark of a topic with copies stays behind by what a slow follower can hide, as its brokers are set', async () => {
    const topic = 'hidden'
    await createTopics({ brokers: kafka.bootstrap, topic, partitions: 1 })
    const log = await openKafkaLog({ brokers: kafka.bootstrap, topic, ...QUICK })
    const now = Date.now()
    const behind = now - Date.parse(await log.watermark('sink'))
    // infra/kafka sets replica.lag.time.max.ms to 5 s.
    expect(behind).toBeLessThanOrEqual(QUICK.watermark_margin_ms + 7_500)
    expect(behind).toBeGreaterThan(QUICK.watermark_margin_ms + 7_500 - 2_000)
    await log.close()
  })

  it('a partition without a leader stops no other one: logs open, append and consume, and it goes on when it has one again', async () => {
    const brokers = kafka.bootstrap
    const topic = 'one-copy'
    const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin()
    await admin.connect()
    const replicaAssignment = [1, 2, 3].map((broker) => ({ partition: broker - 1, replicas: [broker] }))
    // Of a copy each, so that a broker takes a partition with it.
    const configEntries = [{ name: 'min.insync.replicas', value: '1' }]
    await admin.createTopics({ topics: [{ topic, replicaAssignment, configEntries }], waitForLeaders: true })
    await admin.disconnect()
    const before = await openKafkaLog({ brokers, topic, ...QUICK, request_timeout_ms: 3_000 })
    const appendThrice = async (log: EventLog, from: number): Promise<Position[]> => {
      const appended = []
      for (let n = from; n < from + 3; n++) appended.push(await log.append(recordOf(n)))
      return appended
    }
    const partitionsOf = (positions: Position[]): number[] => positions.map(({ partition }) => partition).sort()
    expect(partitionsOf(await appendThrice(before, 0))).toEqual([0, 1, 2])

    await kafka.brokers[2]?.kill()
    const opening = async (): Promise<EventLog> => openKafkaLog({ brokers, topic, ...QUICK, request_timeout_ms: 3_000 })
    // Once the controller has noticed that the broker is gone, its partition has no leader.
    await expect
      .poll(
        async () =>
          kafka.tool('org.apache.kafka.tools.TopicCommand', [
            '--bootstrap-server',
            brokers.slice(0, 2).join(','),
            '--describe',
            '--topic',
            topic,
          ]),
        {
          timeout: 30_000,
        },
      )
      .toContain('Leader: none')
    const after = await opening()
    // What an open log sends to the lost broker first is given up at its deadline; so it learns of it.
    const soon = { age_ms: 16_000 }
    const unlucky = await Promise.allSettled([7, 8, 9].map((n) => before.append(recordOf(n, soon))))
    const taken = unlucky.filter(({ status }) => status === 'fulfilled').length
    for (const log of [before, after]) {
      const started = performance.now()
      const found = partitionsOf([...(await appendThrice(log, 10)), ...(await appendThrice(log, 20))])
      expect(new Set(found)).toEqual(new Set([0, 1]))
      expect(performance.now() - started).toBeLessThan(10_000)
    }
    const seen = createSeen()
    const member = await joinAs(after, 'one-copy', seen)
    await expect.poll(() => seen.committed.size, { timeout: 30_000 }).toBe(14 + taken)
    const named = `partition 2 of ${topic} has no leader`
    const waiting = await after.waitingLines('one-copy')
    expect(waiting.partitions.map(({ end }) => end !== null)).toEqual([true, true, false])
    expect(waiting.incomplete).toContain(named)
    const asked = performance.now()
    for (const ask of ['backlog', 'progress', 'watermark'] as const) {
      await expect(after[ask]('one-copy')).rejects.toMatchObject({ message: expect.stringContaining(named) })
    }
    // The look before has waited for a leader already.
    expect(performance.now() - asked).toBeLessThan(5_000)

    await kafka.brokers[2]?.start()
    await expect
      .poll(async () => (await after.backlog('one-copy').catch(() => null))?.records, {
        timeout: 60_000,
        interval: 500,
      })
      .toBe(0)
    expect(seen.committed.size).toBeGreaterThanOrEqual(15 + taken)
    await expect
      .poll(async () => (await appendThrice(after, 30)).some(({ partition }) => partition === 2), {
        timeout: 60_000,
        interval: 500,
      })
      .toBe(true)
    expect(seen.violations).toEqual([])
    await member.stop()
    await Promise.all([before.close(), after.close()])
  })

  it('kill -9 of the leader, then of the next one, loses and repeats nothing that was acknowledged', async () => {
    const topic = 'leader-loss'
    const made = await createTopics({ brokers: kafka.bootstrap, topic, partitions: 2 })
    expect(made).toEqual({ topic, created: true, partitions: 2, differences: [] })
    const log = await openKafkaLog({ brokers: kafka.bootstrap, topic, ...QUICK, request_timeout_ms: 3_000 })
    const seen = createSeen()
    const member = await joinAs(log, 'sink', seen)
    const load = appendUntilStopped(log, 8)
    for (let round = 0; round < 2; round++) {
      await sleep(500)
      const before = load.acknowledged.size
      const leader = kafka.brokers[(await leaderOf(kafka, topic)) - 1]
      await leader?.kill()
      await expect.poll(() => load.acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(before + 50)
      if (round === 0) await leader?.start()
    }
    await load.stop()
    expect(load.refusals.filter((code) => !['append_timeout', 'log_unavailable'].includes(code))).toEqual([])
    await expect.poll(async () => (await log.backlog('sink')).records, { timeout: 60_000, interval: 200 }).toBe(0)
    await member.stop()
    await log.close()

    expect(seen.violations).toEqual([])
    // Delivered, not committed: a commit whose answer the coordinator took into its grave counts, but was never told.
    const stored = new Map(seen.delivered.map((record) => [keyOf(record), numberOf(record)]))
    expect([...load.acknowledged].filter(([key, n]) => stored.get(key) !== n)).toEqual([])
    expect(load.acknowledged.size).toBeGreaterThan(100)
    // A record that no append was told of is one whose append was refused with an unknown outcome.
    expect(stored.size - load.acknowledged.size).toBeLessThanOrEqual(load.refusals.length)
  })
})
