import type { Cluster, KafkaMessage } from 'kafkajs'
import type { Backlog, PartitionProgress, PositionedRecord } from '../event-log.js'
import { committedOf } from './boundary-metadata.js'
import { coordinatorOf, hasLeader, leaderOf } from './cluster.js'
import { isReplicated } from './replica-lag.js'
import { retrying } from './retrying.js'

/** What measuring needs of its log. */
export interface MeasuresParts {
  cluster: Cluster
  /** Connections of their own for reading records. */
  fetching: Cluster
  topic: string
  margin_ms: number
  /** How long a record of a topic with several copies may be durable on its leader before anybody sees it. */
  hidden_ms: number
  clock: () => number
  partitions(): number
  record(message: KafkaMessage, partition: number): PositionedRecord
}

/** What is known of one uncommitted record. */
interface Size {
  lines: number
  bytes: number
  received: number
  /** When the broker took it, milliseconds. */
  appended: number
}

interface Range extends PartitionProgress {
  start: number
}

const LIMIT_MS = 10_000
const SCAN_BYTES = 256 * 1024
const MOST_KNOWN = 5_000

/**
 * Backlog, progress and watermark of groups. Kafka knows offsets, not lines and bytes: those of the first records of a
 * backlog are read, as many as fit into one small fetch a partition and call, remembered, and the rest is estimated by
 * their mean.
 */
export class Measures {
  readonly #parts: MeasuresParts
  readonly #sizes = new Map<string, Map<number, Size>>()
  readonly #watermarks = new Map<string, number>()

  constructor(parts: MeasuresParts) {
    this.#parts = parts
  }

  async progress(group: string): Promise<PartitionProgress[]> {
    const ranges = await this.#ranges(group)
    return ranges.map(({ partition, committed, end }) => ({ partition, committed, end }))
  }

  async backlog(group: string): Promise<Backlog> {
    const backlog: Backlog = { records: 0, lines: 0, bytes: 0, oldest_ms: 0 }
    const now = this.#parts.clock()
    for (const { partition, committed, end } of await this.#ranges(group)) {
      const records = end - committed
      if (records === 0) continue
      const known = await this.#sizesFrom(group, partition, committed, end)
      const share = known.length === 0 ? 0 : records / known.length
      backlog.records += records
      backlog.lines += Math.round(share * known.reduce((sum, size) => sum + size.lines, 0))
      backlog.bytes += Math.round(share * known.reduce((sum, size) => sum + size.bytes, 0))
      for (const { received } of known) backlog.oldest_ms = Math.max(backlog.oldest_ms, now - received)
    }
    return backlog
  }

  /** Bounds of one partition. */
  async bounds(partition: number): Promise<{ start: number; end: number }> {
    await this.#refresh()
    const [starts, ends] = [await this.#offsets(true, [partition]), await this.#offsets(false, [partition])]
    return { start: starts.get(partition) ?? 0, end: ends.get(partition) ?? 0 }
  }

  /**
   * A record is durable at most `margin_ms` after its `received_at`, or stamped with the broker's time (`recordOf`). So
   * what comes after a record that the broker took at a time has a later stamp than that time less the margin; where
   * nothing is uncommitted, the time before the look at the ends takes its place, less what a slow follower can hide.
   */
  async watermark(group: string): Promise<number> {
    const { cluster, topic, hidden_ms } = this.#parts
    const before = this.#parts.clock()
    const ranges = await this.#ranges(group)
    let least = before - (isReplicated(cluster, topic) ? hidden_ms : 0)
    for (const { partition, committed, end } of ranges) {
      if (committed === end) continue
      const [first] = await this.#sizesFrom(group, partition, committed, committed + 1)
      least = Math.min(least, first === undefined ? 0 : first.appended)
    }
    const watermark = Math.max(0, least - this.#parts.margin_ms, this.#watermarks.get(group) ?? 0)
    this.#watermarks.set(group, watermark)
    return watermark
  }

  /** Ends are read before what is committed: a partition that looks drained had nothing uncommitted when it began. */
  async #ranges(group: string): Promise<Range[]> {
    await this.#refresh()
    const starts = await this.#offsets(true)
    const ends = await this.#offsets(false)
    const committed = await this.#committed(group)
    return [...ends].map(([partition, end]) => {
      const start = starts.get(partition) ?? 0
      const next = Math.max(start, committed.get(partition) ?? start)
      return { partition, start, committed: next, end: Math.max(end, next) }
    })
  }

  /** Partitions may have been added: one that is not looked at would let the watermark pass what waits in it. */
  async #refresh(): Promise<void> {
    const { cluster } = this.#parts
    await retrying(cluster, 'read its partitions', LIMIT_MS, () => cluster.refreshMetadata())
  }

  /** Of some partitions, by default of all: while one has no leader, nobody knows what waits in it. */
  async #offsets(fromBeginning: boolean, of: number[] = this.#all()): Promise<Map<number, number>> {
    const { cluster, topic } = this.#parts
    const partitions = of.map((partition) => ({ partition }))
    const found = await retrying(cluster, 'list its offsets', LIMIT_MS, async () => {
      const without = of.find((partition) => !hasLeader(cluster, topic, partition))
      if (without !== undefined) throw new Error(`partition ${without} of ${topic} has no leader`)
      return cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning }])
    })
    const offsets = found.flatMap((each) => each.partitions).sort((a, b) => a.partition - b.partition)
    return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]))
  }

  #all(): number[] {
    return Array.from({ length: this.#parts.partitions() }, (_, partition) => partition)
  }

  async #committed(groupId: string): Promise<Map<number, number>> {
    const { cluster, topic } = this.#parts
    const partitions = this.#all().map((partition) => ({ partition, offset: '0' }))
    const { responses } = await retrying(cluster, 'read the committed offsets', LIMIT_MS, async () => {
      const coordinator = await coordinatorOf(cluster, groupId)
      return coordinator.offsetFetch({ groupId, topics: [{ topic, partitions }] })
    })
    const found = new Map<number, number>()
    for (const { partition, offset } of responses.flatMap((response) => response.partitions)) {
      const committed = committedOf(offset, null).offset
      if (committed !== null) found.set(partition, committed)
    }
    return found
  }

  /** Sizes of the records from `first` on, at least of the first one; new ones are fetched once. */
  async #sizesFrom(group: string, partition: number, first: number, end: number): Promise<Size[]> {
    const key = `${partition} ${group}`
    const known = this.#sizes.get(key) ?? new Map<number, Size>()
    this.#sizes.set(key, known)
    for (const offset of known.keys()) if (offset < first) known.delete(offset)
    // The group was set back by hand: what is known of later records would take the place of those that wait.
    if (!known.has(first)) known.clear()
    let next = first
    while (known.has(next)) next++
    if (next < end && known.size < MOST_KNOWN) {
      for (const message of await this.#peek(partition, next)) {
        const { header, position } = this.#parts.record(message, partition)
        known.set(position.offset, {
          lines: header.lines.length,
          bytes: header.inflated_bytes,
          received: Date.parse(header.received_at),
          appended: Number(message.timestamp),
        })
      }
    }
    return [...known].filter(([offset]) => offset >= first && offset < end).map(([, size]) => size)
  }

  async #peek(partition: number, offset: number): Promise<KafkaMessage[]> {
    const { fetching, topic } = this.#parts
    const partitions = [{ partition, fetchOffset: String(offset), maxBytes: SCAN_BYTES }]
    const { responses } = await retrying(fetching, 'read its backlog', LIMIT_MS, async () => {
      const broker = await leaderOf(fetching, topic, partition, 'fetches')
      const fetched = await broker.fetch({ maxWaitTime: 1_000, minBytes: 1, topics: [{ topic, partitions }] })
      return fetched as { responses: { partitions: { messages: KafkaMessage[] }[] }[] }
    })
    const messages = responses.flatMap((response) => response.partitions.flatMap((each) => each.messages))
    return messages.filter((message) => Number(message.offset) >= offset)
  }
}
