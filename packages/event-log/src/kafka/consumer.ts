import { FlywheelError } from '@flywheel/schema'
import type { Cluster, KafkaMessage } from 'kafkajs'
import type { ConsumeOptions, Consumer, PositionedRecord, Slice } from '../event-log.js'
import type { Committed } from './boundary-metadata.js'
import { disconnectAll } from './cluster.js'
import { Fetcher, OffsetOutOfRange } from './fetcher.js'
import { type Generation, GroupMember } from './group-member.js'
import { PartitionReader } from './partition-reader.js'
import { Tenancy, type TenancyPort } from './tenancy.js'

/** What a consumer needs of its log. */
export interface ConsumerParts {
  /** Connections for the group. */
  coordinating: Cluster
  /** Connections for fetches. */
  fetching: Cluster
  log_id: string
  topic: string
  group: string
  session_timeout_ms: number
  options: ConsumeOptions
  onSlice(slice: Slice): Promise<void>
  record(message: KafkaMessage, partition: number): PositionedRecord
  /** First and next offset of a partition; rejects if the topic is not the one that was opened. */
  bounds(partition: number): Promise<{ start: number; end: number }>
  /** Tells that retention took records before they were committed. */
  onLost(partition: number, from: number, to: number): void
  onFatal(error: Error): void
}

/** A member of a group, with connections of its own. */
export class KafkaConsumer implements Consumer {
  readonly #parts: ConsumerParts
  readonly #fetcher: Fetcher
  readonly #member: GroupMember
  readonly #tenancies = new Map<number, Tenancy>()
  /** Handlers that still run, by partition, also those of ended tenancies. */
  readonly #running = new Map<number, Promise<void>>()
  #stopping: Promise<void> | null = null

  constructor(parts: ConsumerParts) {
    this.#parts = parts
    this.#fetcher = new Fetcher(parts.fetching, parts.topic)
    this.#member = new GroupMember({
      cluster: parts.coordinating,
      group: parts.group,
      topic: parts.topic,
      session_timeout_ms: parts.session_timeout_ms,
      onAssigned: (generation, share) => {
        for (const [partition, found] of share) this.#begin(generation, partition, found)
      },
      onRevoked: () => this.#endAll(),
      onFatal: parts.onFatal,
    })
  }

  /** Resolves once the member has its first share; rejects if it cannot, and if it is stopped before. */
  async join(): Promise<void> {
    await this.#member.join()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#endAll()
    await this.#member.leave()
    this.#fetcher.close()
    await Promise.all(this.#running.values())
    await disconnectAll([this.#parts.coordinating, this.#parts.fetching])
  }

  #endAll(): void {
    for (const tenancy of this.#tenancies.values()) tenancy.end()
    this.#tenancies.clear()
  }

  #begin(generation: Generation, partition: number, found: Committed): void {
    const tenancy: Tenancy = new Tenancy(
      this.#portOf(generation, partition, () => tenancy.signal),
      found,
    )
    this.#tenancies.set(partition, tenancy)
    // A member that gets a partition back waits for its own earlier handler: one handler a partition and member.
    const earlier = this.#running.get(partition) ?? Promise.resolve()
    this.#running.set(
      partition,
      earlier.then(async () => {
        const next = await tenancy.run(this.#parts.onSlice)
        // Unless the partition was given away meanwhile.
        if (next !== null && this.#tenancies.get(partition) === tenancy) this.#begin(generation, partition, next)
      }),
    )
  }

  #portOf(generation: Generation, partition: number, signalOf: () => AbortSignal): TenancyPort {
    const { log_id, options, onFatal, onLost, record, bounds } = this.#parts
    const open = (offset: number): PartitionReader =>
      new PartitionReader(
        {
          options,
          record: (message) => record(message, partition),
          messages: (from) => this.#fetcher.messages(partition, from, signalOf()),
        },
        offset,
      )
    let reader = open(0)
    let wanted = 0
    return {
      log_id,
      partition,
      onFatal,
      isCurrent: () => this.#member.isCurrent(generation),
      beat: () => this.#member.beat(),
      commit: (offset, metadata) => this.#member.commit(generation, partition, offset, metadata),
      start: async () => (await bounds(partition)).start,
      lost: (from, to) => onLost(partition, from, to),
      slice: async (offset) => {
        if (offset !== null) {
          wanted = offset
          reader = open(offset)
        }
        let records: PositionedRecord[]
        try {
          records = await reader.slice()
        } catch (error) {
          if (!(error instanceof OffsetOutOfRange)) throw error
          wanted = await this.#recover(partition, wanted)
          reader = open(wanted)
          records = await reader.slice()
        }
        wanted = (records.at(-1)?.position.offset ?? wanted) + 1
        return records
      },
    }
  }

  /** Where to go on when the wanted offset is not there: at the first one that is, told aloud. */
  async #recover(partition: number, wanted: number): Promise<number> {
    const { topic, group, bounds, onLost } = this.#parts
    const { start, end } = await bounds(partition)
    if (wanted > end) {
      throw new FlywheelError(
        'invalid_config',
        `Group ${group} wants offset ${wanted} of partition ${partition} of ${topic}, which ends at ${end}: the topic lost records or came from a backup. Move the group with kafka-consumer-groups.sh --reset-offsets --to-latest once you know what is missing.`,
      )
    }
    if (start > wanted) onLost(partition, wanted, start)
    return Math.max(start, wanted)
  }
}
