import type { Cluster } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { recordOf } from '../../src/conformance/records.js'
import { messageOf } from '../../src/kafka/message.js'
import { PartitionWriter } from '../../src/kafka/partition-writer.js'

/** A leader that a test takes away and whose answers it gives. */
function ledBy(answer: () => Promise<number>): { cluster: Cluster; leader: { id: number }; identities: () => number } {
  const leader = { id: -1 }
  let identities = 0
  const broker = {
    connectionPool: { pool: [{ isConnected: () => true }], send: answer },
    initProducerId: async () => ({ producerId: String(++identities), producerEpoch: 0 }),
    disconnect: async () => undefined,
  }
  const cluster = {
    refreshMetadata: async () => undefined,
    refreshMetadataIfNecessary: async () => undefined,
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader: leader.id, replicas: [1] }],
    findLeaderForPartitions: () => ({ [leader.id]: [0] }),
    findBroker: async () => broker,
  }
  return { cluster: cluster as unknown as Cluster, leader, identities: () => identities }
}

function submit(writer: PartitionWriter, n: number): { ended: Promise<number>; giveUp(): void } {
  let isGivenUp = false
  const ended = new Promise<number>((written, failed) => {
    writer.submit({
      message: messageOf(recordOf(n)),
      received: Date.now(),
      written,
      failed,
      isGivenUp: () => isGivenUp,
    })
  })
  return {
    ended,
    giveUp: () => {
      isGivenUp = true
    },
  }
}

describe('the writer of a partition', () => {
  it('refuses a record that is too large as such, though there was no leader to send it to at first', async () => {
    const tooLarge = Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' })
    const { cluster, leader } = ledBy(() => Promise.reject(tooLarge))
    const writer = new PartitionWriter(cluster, 't', 0)
    const { ended, giveUp } = submit(writer, 0)
    const refusal = expect(ended).rejects.toMatchObject({ code: 'invalid_config' })
    setTimeout(() => {
      leader.id = 1
    }, 100)
    // Else it would be sent again until its deadline.
    const deadline = setTimeout(giveUp, 3_000)
    await refusal
    clearTimeout(deadline)
  })

  it('keeps its producer id when a record is given up that was never sent', async () => {
    const { cluster, leader, identities } = ledBy(async () => 7)
    const writer = new PartitionWriter(cluster, 't', 0)
    leader.id = 1
    expect(await submit(writer, 0).ended).toBe(7)
    leader.id = -1
    const unsent = submit(writer, 1)
    await new Promise((resolve) => setTimeout(resolve, 100))
    unsent.giveUp()
    await writer.idle()
    leader.id = 1
    expect(await submit(writer, 2).ended).toBe(7)
    expect(identities()).toBe(1)
  })
})
