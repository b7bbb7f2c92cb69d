import type { Cluster, KafkaMessage } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { recordOf } from '../../src/conformance/records.js'
import type { Broker } from '../../src/kafka/cluster.js'
import { Measures } from '../../src/kafka/measures.js'
import { messageOf, recordOf as readRecord } from '../../src/kafka/message.js'
import { hiddenMs } from '../../src/kafka/replica-lag.js'

const NOW = Date.parse('2026-01-01T00:00:00.000Z')

interface Partition {
  replicas: number[]
  start?: number
  committed: number
  end: number
  /** @default 1 */
  leader?: number
}

/** A broker with one partition that a test sets: no real one lets a follower be slow, or an offset be moved, at will. */
function measuresOf(partition: Partition): { measures: Measures; fetched: number[] } {
  const fetched: number[] = []
  const messages = Array.from({ length: partition.end }, (_, offset): KafkaMessage => {
    const { value, header } = messageOf(recordOf(offset, { lines: offset + 1 }))
    const message = {
      value,
      headers: { flywheel: Buffer.from(header) },
      offset: String(offset),
      timestamp: String(NOW),
    }
    return message as unknown as KafkaMessage
  })
  const broker = {
    connectionPool: { pool: [{ isConnected: () => true }, { isConnected: () => true }] },
    offsetFetch: async () => ({
      responses: [{ partitions: [{ partition: 0, offset: String(partition.committed) }] }],
    }),
    fetch: async (request: { topics: { partitions: { fetchOffset: string }[] }[] }) => {
      const from = Number(request.topics[0]?.partitions[0]?.fetchOffset)
      fetched.push(from)
      return { responses: [{ partitions: [{ messages: messages.slice(from, from + 2) }] }] }
    },
  }
  const cluster = {
    refreshMetadata: async () => undefined,
    refreshMetadataIfNecessary: async () => undefined,
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader: partition.leader ?? 1, replicas: partition.replicas }],
    findLeaderForPartitions: () => ({ 1: [0] }),
    findBroker: async () => broker,
    findGroupCoordinator: async () => broker,
    fetchTopicsOffset: async ([{ fromBeginning }]: [{ fromBeginning: boolean }]) => [
      { topic: 't', partitions: [{ partition: 0, offset: String(fromBeginning ? 0 : partition.end) }] },
    ],
  } as unknown as Cluster
  const measures = new Measures({
    cluster,
    fetching: cluster,
    topic: 't',
    margin_ms: 30_000,
    hidden_ms: 45_000,
    clock: () => NOW,
    partitions: () => 1,
    record: (message, at) => readRecord(message, { log_id: 'l', partition: at }, 25_000),
  })
  return { measures, fetched }
}

describe('what a Kafka log measures', () => {
  it('holds the watermark of a drained topic back by what a slow follower can hide, if it has followers', async () => {
    const drained = { committed: 2, end: 2 }
    expect(await measuresOf({ ...drained, replicas: [1, 2, 3] }).measures.watermark('sink')).toBe(NOW - 75_000)
    expect(await measuresOf({ ...drained, replicas: [1] }).measures.watermark('sink')).toBe(NOW - 30_000)
  })

  it('takes a hidden time of 45 s where the user may not read the configuration of brokers', async () => {
    const refusing = {
      nodeId: 1,
      describeConfigs: async () => Promise.reject(new Error('CLUSTER_AUTHORIZATION_FAILED')),
    }
    expect(await hiddenMs(refusing as unknown as Broker)).toBe(45_000)
  })

  it('counts the lines of a group that was set back from its offset on', async () => {
    const partition = { replicas: [1], committed: 4, end: 6 }
    const { measures, fetched } = measuresOf(partition)
    expect((await measures.backlog('sink')).lines).toBe(5 + 6)
    partition.committed = 0
    // Two of six are read, with one and two lines; the mean stands for the rest.
    expect(await measures.backlog('sink')).toMatchObject({ records: 6, lines: 9 })
    expect(fetched).toEqual([4, 0])
  })

  it('tells what is committed and names the partition while it has no leader; the watermark stands still', async () => {
    const partition: Partition = { replicas: [1], committed: 3, end: 6 }
    const { measures } = measuresOf(partition)
    const before = await measures.watermark('sink')
    partition.leader = -1
    const named = 'Kafka: partition 0 of t has no leader, so nobody can tell what waits there.'
    expect(await measures.waitingLines('sink')).toEqual({
      partitions: [{ partition: 0, committed: 3, end: null }],
      lines: new Map(),
      incomplete: expect.stringContaining(named),
    })
    const refusal = { code: 'log_unavailable', message: expect.stringContaining(named) }
    await expect(measures.backlog('sink')).rejects.toMatchObject(refusal)
    await expect(measures.progress('sink')).rejects.toMatchObject(refusal)
    expect(await measures.watermark('sink')).toBe(before)
    // Of this group none was handed out that could stand.
    await expect(measures.watermark('other')).rejects.toMatchObject(refusal)

    partition.leader = 1
    // The records from the third on have 4, 5 and 6 lines.
    expect((await measures.waitingLines('sink')).lines).toEqual(new Map([['conformance', 4 + 5 + 6]]))
    expect((await measures.progress('sink'))[0]?.end).toBe(6)
  })
})
