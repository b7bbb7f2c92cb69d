import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectCluster, coordinatorOf, disconnectAll } from '../../src/kafka/cluster.js'
import { QUICK } from './kafka-factory.js'

const missing = await kafkaMissing()

const socketCount = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length

describe.skipIf(missing !== null)('closing a Kafka log', () => {
  let kafka: Brokers
  const options = () => ({ brokers: kafka.bootstrap, topic: 'closing' })
  beforeAll(async () => {
    kafka = await startBrokers()
    await createTopics({ ...options(), partitions: 2 })
  })
  afterAll(() => kafka?.close())

  it('opens no connection afterwards, whatever is under way', async () => {
    const before = socketCount()
    const log = await openKafkaLog({ ...options(), ...QUICK })
    await log.consume('busy', async () => {})
    expect(socketCount()).toBeGreaterThan(before)
    await log.close()
    await expect.poll(socketCount, { timeout: 3_000 }).toBe(before)
    for (const ask of ['backlog', 'progress', 'watermark'] as const) {
      await expect(log[ask]('busy')).rejects.toMatchObject({ code: 'log_unavailable' })
    }

    // As a request does that was waiting to be sent again when the log was closed.
    const cluster = await connectCluster(options(), 'closing')
    await disconnectAll([cluster])
    await expect(cluster.refreshMetadata()).rejects.toThrow()
    await expect.poll(socketCount, { timeout: 3_000 }).toBe(before)
  })

  it('does not wait for the other members of a group, and leaves it', async () => {
    const metadata = kafkajs.AssignerProtocol.MemberMetadata.encode({
      version: 1,
      topics: ['closing'],
      userData: Buffer.alloc(0),
    })
    /** Joins and never answers to a rebalance: everyone else waits for it. */
    const joinSilently = async () => {
      const cluster = await connectCluster(options(), 'closing')
      const coordinator = await coordinatorOf(cluster, 'slow')
      const joined = coordinator.joinGroup({
        groupId: 'slow',
        sessionTimeout: 30_000,
        rebalanceTimeout: 30_000,
        memberId: '',
        groupProtocols: [{ name: 'RoundRobinAssigner', metadata }],
      })
      return { cluster, coordinator, joined }
    }
    const admin = new kafkajs.Kafka({ brokers: kafka.bootstrap, logLevel: kafkajs.logLevel.NOTHING }).admin()
    await admin.connect()
    const group = async () => (await admin.describeGroups(['slow'])).groups[0]
    const log = await openKafkaLog({ ...options(), ...QUICK, session_timeout_ms: 30_000 })
    const consumer = await log.consume('slow', async () => {})
    const memberIds = async () => (await group())?.members.map((member) => member.memberId)
    const [own] = (await memberIds()) ?? []
    expect(own).toBeDefined()
    const first = await joinSilently()
    const { memberId } = await first.joined
    const second = await joinSilently()
    await expect.poll(async () => (await group())?.state, { timeout: 20_000 }).toBe('PreparingRebalance')
    // One that joins while the group waits as well.
    const joining = log.consume('slow', async () => {}).catch((error: unknown) => error)

    const started = performance.now()
    await consumer.stop()
    await log.close()
    expect(await joining).toMatchObject({ code: 'log_unavailable' })
    expect(performance.now() - started).toBeLessThan(10_000)
    // Of the one that was joining nobody knows the id before it is answered; its session ends by itself.
    expect(await memberIds()).not.toContain(own)
    await first.coordinator.leaveGroup({ groupId: 'slow', memberId })
    second.joined.catch(() => undefined)
    await admin.disconnect()
    await disconnectAll([first.cluster, second.cluster])
  }, 60_000)
})
