import { FlywheelError } from '@flywheel/schema'
import type { Cluster, KafkaMessage } from 'kafkajs'
import type { Backlog, PartitionProgress, PositionedRecord, WaitingLines, WaitingPartition } from '../event-log.js'
import { type CountedRecord, uncountedReason, WaitingCounts } from '../waiting-counts.js'
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

const LIMIT_MS = 10_000
/** How long a partition may be between two leaders before it counts as one that cannot be read. */
const LEADER_MS = 2_000
const SCAN_BYTES = 256 * 1024
const COUNT_BYTES = 1024 * 1024
const COUNT_LIMIT_MS = 2_000
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
  readonly #waiting = new Map<string, WaitingCounts>()
  /** Partitions that had no leader at the last look, for which the next one does not wait again. */
  readonly #leaderless = new Set<number>()

  constructor(parts: MeasuresParts) {
    this.#parts = parts
  }

  async progress(group: string): Promise<PartitionProgress[]> {
    return this.#readable(await this.#places(group))
  }

  async waitingLines(group: string): Promise<WaitingLines> {
    const counts = this.#waiting.get(group) ?? new WaitingCounts()
    this.#waiting.set(group, counts)
    return counts.inTurn(async () => {
      const partitions = await this.#places(group)
      const reasons: string[] = []
      const without = partitions.filter(({ end }) => end === null)
      if (without.length > 0) reasons.push(this.#noLeader(without).message)
      await counts.read(partitions, async (partition, offset, end) => {
        try {
          return await this.#headersOf(partition, offset, end)
        } catch (error) {
          reasons.push((error as Error).message)
          return []
        }
      })
      const { lines, uncounted } = counts.of(partitions)
      if (reasons.length === 0 && uncounted > 0) reasons.push(uncountedReason(uncounted))
      return { partitions, lines, incomplete: reasons.length === 0 ? null : reasons.join(' ') }
    })
  }

  async backlog(group: string): Promise<Backlog> {
    const backlog: Backlog = { records: 0, lines: 0, bytes: 0, oldest_ms: 0 }
    const now = this.#parts.clock()
    for (const { partition, committed, end } of this.#readable(await this.#places(group))) {
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
    const offset = async (fromBeginning: boolean): Promise<number> => {
      const found = (await this.#offsets(fromBeginning, [partition], LIMIT_MS)).get(partition)
      if (found === undefined) throw this.#noLeader([{ partition }])
      return found
    }
    return { start: await offset(true), end: await offset(false) }
  }

  /**
   * A record is durable at most `margin_ms` after its `received_at`, or stamped with the broker's time (`recordOf`). So
   * what comes after a record that the broker took at a time has a later stamp than that time less the margin; where
   * nothing is uncommitted, the time before the look at the ends takes its place, less what a slow follower can hide.
   * While a partition has no leader it stands still: the one before is as true as it was.
   */
  async watermark(group: string): Promise<number> {
    const { cluster, topic, hidden_ms } = this.#parts
    const before = this.#parts.clock()
    const places = await this.#places(group)
    const last = this.#watermarks.get(group)
    if (last !== undefined && places.some(({ end }) => end === null)) return last
    let least = before - (isReplicated(cluster, topic) ? hidden_ms : 0)
    for (const { partition, committed, end } of this.#readable(places)) {
      if (committed === end) continue
      const [first] = await this.#sizesFrom(group, partition, committed, committed + 1)
      least = Math.min(least, first === undefined ? 0 : first.appended)
    }
    const watermark = Math.max(0, least - this.#parts.margin_ms, last ?? 0)
    this.#watermarks.set(group, watermark)
    return watermark
  }

  /** Ends are read before what is committed: a partition that looks drained had nothing uncommitted when it began. */
  async #places(group: string): Promise<WaitingPartition[]> {
    await this.#refresh()
    const starts = await this.#offsets(true)
    const ends = await this.#offsets(false)
    const committed = await this.#committed(group)
    return this.#all().map((partition) => {
      const [start, end] = [starts.get(partition) ?? 0, ends.get(partition)]
      const next = Math.max(start, committed.get(partition) ?? start)
      return { partition, committed: next, end: end === undefined ? null : Math.max(end, next) }
    })
  }

  /** @throws FlywheelError `log_unavailable` while nobody can read one of them: what waits in it is unknown */
  #readable(places: readonly WaitingPartition[]): PartitionProgress[] {
    const without = places.filter(({ end }) => end === null)
    if (without.length > 0) throw this.#noLeader(without)
    return places.map(({ partition, committed, end }) => ({ partition, committed, end: end ?? committed }))
  }

  #noLeader(places: readonly { partition: number }[]): FlywheelError {
    const [partitions, have] = places.length === 1 ? ['partition', 'has'] : ['partitions', 'have']
    return new FlywheelError(
      'log_unavailable',
      `Kafka: ${partitions} ${places.map(({ partition }) => partition).join(', ')} of ${this.#parts.topic} ${have} no leader, so nobody can tell what waits there. Bring back a broker with a copy.`,
    )
  }

  /** Partitions may have been added: one that is not looked at would let the watermark pass what waits in it. */
  async #refresh(): Promise<void> {
    const { cluster } = this.#parts
    await retrying(cluster, 'read its partitions', LIMIT_MS, () => cluster.refreshMetadata())
  }

  /** Of those that have a leader, or get one in time; the others are absent. */
  async #offsets(fromBeginning: boolean, of = this.#all(), leader_ms = LEADER_MS): Promise<Map<number, number>> {
    const { cluster, topic } = this.#parts
    const until = performance.now() + leader_ms
    const found = await retrying(cluster, 'list its offsets', LIMIT_MS, async () => {
      const led = of.filter((partition) => hasLeader(cluster, topic, partition))
      const lost = of.find((partition) => !led.includes(partition) && !this.#leaderless.has(partition))
      if (lost !== undefined && performance.now() < until)
        throw new Error(`partition ${lost} of ${topic} has no leader`)
      for (const partition of of) this.#leaderless[led.includes(partition) ? 'delete' : 'add'](partition)
      if (led.length === 0) return []
      return cluster.fetchTopicsOffset([{ topic, partitions: led.map((partition) => ({ partition })), fromBeginning }])
    })
    const offsets = found.flatMap((each) => each.partitions)
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

  /** Null where the broker has nothing to give within a second. */
  async #headersOf(partition: number, from: number, end: number): Promise<CountedRecord[] | null> {
    const messages = await this.#peek(partition, from, COUNT_BYTES, COUNT_LIMIT_MS)
    const records = messages.filter(({ offset }) => Number(offset) < end)
    if (records.length === 0) return null
    return records.map((message) => ({
      offset: Number(message.offset),
      header: this.#parts.record(message, partition).header,
    }))
  }

  async #peek(partition: number, offset: number, maxBytes = SCAN_BYTES, limit_ms = LIMIT_MS): Promise<KafkaMessage[]> {
    const { fetching, topic } = this.#parts
    const partitions = [{ partition, fetchOffset: String(offset), maxBytes }]
    const { responses } = await retrying(fetching, 'read its backlog', limit_ms, async () => {
      const broker = await leaderOf(fetching, topic, partition, 'fetches')
      const fetched = await broker.fetch({ maxWaitTime: 1_000, minBytes: 1, topics: [{ topic, partitions }] })
      return fetched as { responses: { partitions: { messages: KafkaMessage[] }[] }[] }
    })
    const messages = responses.flatMap((response) => response.partitions.flatMap((each) => each.messages))
    return messages.filter((message) => Number(message.offset) >= offset)
  }
}
