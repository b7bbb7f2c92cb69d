import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Cluster } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { type Generation, GroupMember } from '../../src/kafka/group-member.js'

const SESSION_MS = 1_000

/** A coordinator whose heartbeats a test answers: no real one can be made to answer at a chosen moment. */
function coordinated(heartbeat: () => Promise<void>): { cluster: Cluster; joined: () => number } {
  let generations = 0
  const assignment = kafkajs.AssignerProtocol.MemberAssignment.encode({
    version: 1,
    assignment: { t: [0] },
    userData: Buffer.alloc(0),
  })
  const coordinator = {
    isConnected: () => true,
    connectionPool: { pool: [{ isConnected: () => true }] },
    joinGroup: async () => ({ generationId: ++generations, leaderId: 'm', memberId: 'm', members: [] }),
    syncGroup: async () => ({ memberAssignment: assignment }),
    offsetFetch: async () => ({ responses: [{ partitions: [{ partition: 0, offset: '-1', metadata: '' }] }] }),
    heartbeat,
    leaveGroup: async () => undefined,
    disconnect: async () => undefined,
  }
  const cluster = {
    refreshMetadata: async () => undefined,
    refreshMetadataIfNecessary: async () => undefined,
    findGroupCoordinator: async () => coordinator,
    findTopicPartitionMetadata: () => [{ partitionId: 0 }],
    disconnect: async () => undefined,
  }
  return { cluster: cluster as unknown as Cluster, joined: () => generations }
}

describe('a member of a group', () => {
  it('does not revive a session that lapsed by its own clock when a late heartbeat is answered', async () => {
    const began = performance.now()
    let answer = (): void => {}
    let isHeld = false
    const { cluster, joined } = coordinated(async () => {
      if (joined() > 1) return
      if (performance.now() - began < SESSION_MS * 0.7) throw new Error('the coordinator is moving')
      isHeld = true
      await new Promise<void>((resolve) => {
        answer = resolve
      })
    })
    const generations: Generation[] = []
    let revoked = 0
    const member = new GroupMember({
      cluster,
      group: 'g',
      topic: 't',
      session_timeout_ms: SESSION_MS,
      onAssigned: (generation) => generations.push(generation),
      onRevoked: () => revoked++,
      onFatal: (error) => expect.unreachable(error.message),
    })
    await member.join()
    const [first] = generations as [Generation]
    expect(member.isCurrent(first)).toBe(true)
    await expect.poll(() => isHeld, { timeout: 5_000, interval: 5 }).toBe(true)
    await expect.poll(() => member.isCurrent(first), { timeout: 5_000, interval: 5 }).toBe(false)

    // Sent before the end of the session, answered after it, when a tenant has been told that it is stale.
    answer()
    for (let k = 0; k < 20; k++) {
      await sleep(10)
      expect(member.isCurrent(first)).toBe(false)
    }
    await expect.poll(() => generations.length, { timeout: 5_000 }).toBe(2)
    expect(revoked).toBe(1)
    expect(member.isCurrent(generations[1] as Generation)).toBe(true)
    await member.leave()
  })
})
