import kafkajs, { type Cluster } from 'kafkajs'
import { type Committed, committedOf } from './boundary-metadata.js'
import { type Broker, coordinatorOf, dropConnections } from './cluster.js'
import { brokenOf, fatalOf, typeOf } from './failure.js'
import { createBackOff, endsWithin } from './retrying.js'

/** One membership between two rebalances. What is committed under an ended one, the broker refuses. */
export interface Generation {
  readonly id: number
  readonly memberId: string
}

/** What a member tells and asks. */
export interface GroupMemberParts {
  cluster: Cluster
  group: string
  topic: string
  session_timeout_ms: number
  /** A new share, with what the group has committed there. The share of an earlier generation was revoked before. */
  onAssigned(generation: Generation, share: ReadonlyMap<number, Committed>): void
  /** Every partition is gone, before the member asks for a new share. */
  onRevoked(): void
  /** The member has ended and cannot go on. */
  onFatal(error: Error): void
}

const PROTOCOL = 'RoundRobinAssigner'
const BEATS_A_SESSION = 10
/** Then the others wait for the end of the session. */
const LEAVE_MS = 2_000

/** What the coordinator answers to a member whose generation is over. */
export const GROUP_MOVED: ReadonlySet<string> = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
])

/** One member of a consumer group: joins, beats, takes part in rebalances, commits. */
export class GroupMember {
  readonly #parts: GroupMemberParts
  readonly #left = new AbortController()
  #coordinator: Broker | null = null
  #memberId = ''
  #generation: Generation | null = null
  #lastBeat = Number.NEGATIVE_INFINITY
  #run: Promise<void> = Promise.resolve()

  constructor(parts: GroupMemberParts) {
    this.#parts = parts
  }

  /** Resolves when the group has given the member its first share; rejects if it never will. */
  join(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#run = this.#keepJoined(resolve, reject)
    })
  }

  /** True while the broker still counts on this member in this generation, as far as this process can know. */
  isCurrent(generation: Generation): boolean {
    return generation === this.#generation && performance.now() - this.#lastBeat < this.#parts.session_timeout_ms
  }

  /** Tells the broker that the member lives, unless it has just been told. */
  async beat(): Promise<void> {
    const generation = this.#generation
    if (generation === null) return
    if (performance.now() - this.#lastBeat < this.#beatMs) return
    await this.#beatOnce(generation).catch(() => undefined)
  }

  /**
   * One attempt to commit an offset under the generation of its tenancy, never under a later one: the broker does not ask
   * who holds a partition, only whether the generation is the present one.
   */
  async commit(generation: Generation, partition: number, offset: number, metadata: string): Promise<void> {
    const partitions = [{ partition, offset: String(offset), metadata }]
    const coordinator = await this.#findCoordinator()
    try {
      await coordinator.offsetCommit({
        groupId: this.#parts.group,
        groupGenerationId: generation.id,
        memberId: generation.memberId,
        topics: [{ topic: this.#parts.topic, partitions }],
      })
    } catch (error) {
      await this.#forget(error, coordinator)
      throw error
    }
  }

  /** Gives the share back and leaves, so that the others need not wait for the session to end. */
  async leave(): Promise<void> {
    if (this.#left.signal.aborted) return
    this.#left.abort()
    this.#revoke()
    // A join waits for the other members, and a request to a silent broker for its timeout.
    if (!(await endsWithin(this.#run, LEAVE_MS))) dropConnections(this.#parts.cluster)
    await this.#run
    if (this.#memberId !== '') await endsWithin(this.#leaveGroup(), LEAVE_MS)
  }

  async #leaveGroup(): Promise<void> {
    const coordinator = await this.#findCoordinator()
    await coordinator.leaveGroup({ groupId: this.#parts.group, memberId: this.#memberId })
  }

  get #beatMs(): number {
    return this.#parts.session_timeout_ms / BEATS_A_SESSION
  }

  async #keepJoined(joined: () => void, never: (error: Error) => void): Promise<void> {
    const backOff = createBackOff()
    const { signal } = this.#left
    let isFirst = true
    while (!signal.aborted) {
      try {
        const generation = await this.#joinOnce()
        backOff.reset()
        isFirst = false
        joined()
        if (generation !== null) await this.#beatUntilRebalance(generation)
        this.#revoke()
      } catch (error) {
        this.#revoke()
        if (signal.aborted) break
        const fatal = fatalOf(error) ?? brokenOf(error)
        if (fatal !== null) {
          this.#left.abort()
          if (isFirst) never(fatal)
          else this.#parts.onFatal(fatal)
          return
        }
        if (typeOf(error) === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
        await this.#forget(error, this.#coordinator)
        await backOff.wait(signal)
      }
    }
    never(new Error('the member left before it had joined'))
  }

  async #joinOnce(): Promise<Generation | null> {
    const { cluster, group: groupId, topic, session_timeout_ms } = this.#parts
    await cluster.refreshMetadata()
    const coordinator = await this.#findCoordinator()
    const metadata = kafkajs.AssignerProtocol.MemberMetadata.encode({
      version: 1,
      topics: [topic],
      userData: Buffer.alloc(0),
    })
    const joined = await coordinator.joinGroup({
      groupId,
      sessionTimeout: session_timeout_ms,
      rebalanceTimeout: session_timeout_ms,
      memberId: this.#memberId,
      groupProtocols: [{ name: PROTOCOL, metadata }],
    })
    this.#memberId = joined.memberId
    const isLeader = joined.leaderId === joined.memberId
    const { memberAssignment } = await coordinator.syncGroup({
      groupId,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupAssignment: isLeader ? this.#shares(joined.members.map(({ memberId }) => memberId)) : [],
    })
    this.#lastBeat = performance.now()
    const partitions = kafkajs.AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[topic] ?? []
    const share = await this.#committed(coordinator, partitions)
    if (this.#left.signal.aborted) return null
    const generation = { id: joined.generationId, memberId: joined.memberId }
    this.#generation = generation
    this.#parts.onAssigned(generation, share)
    return generation
  }

  /** Even shares, the same for the same members. */
  #shares(members: string[]): { memberId: string; memberAssignment: Buffer }[] {
    const { cluster, topic } = this.#parts
    const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)
    partitions.sort((a, b) => a - b)
    return members.sort().map((memberId, at) => ({
      memberId,
      memberAssignment: kafkajs.AssignerProtocol.MemberAssignment.encode({
        version: 1,
        assignment: { [topic]: partitions.filter((_, index) => index % members.length === at) },
        userData: Buffer.alloc(0),
      }),
    }))
  }

  async #committed(coordinator: Broker, partitions: number[]): Promise<Map<number, Committed>> {
    const share = new Map<number, Committed>()
    if (partitions.length === 0) return share
    const topics = [
      { topic: this.#parts.topic, partitions: partitions.map((partition) => ({ partition, offset: '0' })) },
    ]
    const { responses } = await coordinator.offsetFetch({ groupId: this.#parts.group, topics })
    for (const found of responses.flatMap((response) => response.partitions)) {
      share.set(found.partition, committedOf(found.offset, (found as { metadata?: string }).metadata))
    }
    return share
  }

  /** Returns when the group rebalances, the topic grew or the member left; rejects when the session is lost. */
  async #beatUntilRebalance(generation: Generation): Promise<void> {
    const { cluster, topic, session_timeout_ms } = this.#parts
    const known = cluster.findTopicPartitionMetadata(topic).length
    const { signal } = this.#left
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, this.#beatMs)
        signal.addEventListener('abort', done, { once: true })
      })
      if (signal.aborted) return
      try {
        await this.#beatOnce(generation)
        await cluster.refreshMetadataIfNecessary()
        if (cluster.findTopicPartitionMetadata(topic).length > known) return
      } catch (error) {
        if (typeOf(error) === 'REBALANCE_IN_PROGRESS') return
        if (GROUP_MOVED.has(typeOf(error) ?? '') || fatalOf(error) !== null) throw error
        // The coordinator may be moving: the session stands until its time is over.
        if (performance.now() - this.#lastBeat >= session_timeout_ms) throw error
        await this.#forget(error, this.#coordinator)
      }
    }
  }

  async #beatOnce(generation: Generation): Promise<void> {
    const sent = performance.now()
    const coordinator = await this.#findCoordinator()
    await coordinator.heartbeat({
      groupId: this.#parts.group,
      groupGenerationId: generation.id,
      memberId: generation.memberId,
    })
    if (generation !== this.#generation) return
    // By this process's clock the session was over, and tenants that asked have ended: it is not revived under them.
    if (performance.now() - this.#lastBeat >= this.#parts.session_timeout_ms) throw new Error('the session has lapsed')
    this.#lastBeat = Math.max(this.#lastBeat, sent)
  }

  async #findCoordinator(): Promise<Broker> {
    if (this.#coordinator?.isConnected() !== true) {
      this.#coordinator = await coordinatorOf(this.#parts.cluster, this.#parts.group)
    }
    return this.#coordinator
  }

  /** After a failure the coordinator is sought again; a silent broker is left. */
  async #forget(error: unknown, coordinator: Broker | null): Promise<void> {
    if (GROUP_MOVED.has(typeOf(error) ?? '')) return
    if (this.#coordinator === coordinator) this.#coordinator = null
    if ((error as Error).name === 'KafkaJSRequestTimeoutError') await coordinator?.disconnect().catch(() => undefined)
    await this.#parts.cluster.refreshMetadata().catch(() => undefined)
  }

  #revoke(): void {
    if (this.#generation === null) return
    this.#generation = null
    this.#parts.onRevoked()
  }
}
