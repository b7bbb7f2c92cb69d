import type { Cluster, KafkaMessage } from 'kafkajs'
import { type Broker, leaderOf } from './cluster.js'
import { fatalOf } from './failure.js'
import { type BackOff, createBackOff } from './retrying.js'

/** What waits for messages of a partition. */
interface Want {
  partition: number
  offset: number
  resolve(messages: KafkaMessage[]): void
  reject(error: unknown): void
}

const WAIT_MS = 200
const PARTITION_BYTES = 4 * 1024 * 1024
const REQUEST_BYTES = 16 * 1024 * 1024

/** Rejection of a fetch from an offset that the partition does not hold. */
export class OffsetOutOfRange extends Error {}

/**
 * Fetches for the partitions of one member, one request at a time for each broker and as many partitions in it as want
 * messages: a broker answers the requests of one connection one after another, so that two long polls would wait for each
 * other.
 */
export class Fetcher {
  readonly #cluster: Cluster
  readonly #topic: string
  readonly #wants = new Map<number, Want>()
  readonly #busy = new Set<string>()
  readonly #closed = new AbortController()
  /** Of each broker, so that one that answers does not make the requests for a partition without a leader come faster. */
  readonly #backOffs = new Map<string, BackOff>()

  constructor(cluster: Cluster, topic: string) {
    this.#cluster = cluster
    this.#topic = topic
  }

  /** Messages from `offset` on, at least one; rejects when `signal` is aborted. One request a partition at a time. */
  messages(partition: number, offset: number, signal: AbortSignal): Promise<KafkaMessage[]> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        if (this.#wants.get(partition) === want) this.#wants.delete(partition)
        signal.removeEventListener('abort', aborted)
      }
      const aborted = (): void => {
        end()
        reject(signal.reason)
      }
      const want: Want = {
        partition,
        offset,
        resolve: (messages) => {
          end()
          resolve(messages)
        },
        reject: (error) => {
          end()
          reject(error)
        },
      }
      if (signal.aborted) return reject(signal.reason)
      signal.addEventListener('abort', aborted, { once: true })
      this.#wants.set(partition, want)
      void this.#pump()
    })
  }

  close(): void {
    this.#closed.abort()
  }

  /** Starts a request to every leader that is wanted and not asked already. */
  async #pump(): Promise<void> {
    const backOff = createBackOff()
    while (this.#wants.size > 0 && !this.#closed.signal.aborted) {
      try {
        await this.#cluster.refreshMetadataIfNecessary()
        const leaders = this.#cluster.findLeaderForPartitions(this.#topic, [...this.#wants.keys()])
        for (const [nodeId, partitions] of Object.entries(leaders)) void this.#ask(nodeId, partitions)
        return
      } catch {
        await backOff.wait(this.#closed.signal)
        await this.#cluster.refreshMetadata().catch(() => undefined)
      }
    }
  }

  async #ask(nodeId: string, partitions: readonly number[]): Promise<void> {
    if (this.#busy.has(nodeId)) return
    this.#busy.add(nodeId)
    const asked = partitions.flatMap((partition) => this.#wants.get(partition) ?? [])
    if (asked.length === 0) return void this.#busy.delete(nodeId)
    let broker: Broker | null = null
    try {
      broker = await leaderOf(this.#cluster, this.#topic, asked[0]?.partition ?? 0, 'fetches')
      await this.#fetch(broker, asked)
      this.#backOffs.delete(nodeId)
    } catch (error) {
      // A closed cluster that is asked for metadata connects again.
      if (this.#closed.signal.aborted) return
      const { name, partition } = error as Error & { partition?: number }
      const lost = asked.find((want) => name === 'KafkaJSOffsetOutOfRange' && want.partition === partition)
      if (lost !== undefined) lost.reject(new OffsetOutOfRange(`offset ${lost.offset} is not there`))
      else if (fatalOf(error) !== null) for (const want of asked) want.reject(error)
      else await this.#recover(nodeId, error, broker)
    } finally {
      this.#busy.delete(nodeId)
    }
    void this.#pump()
  }

  async #recover(nodeId: string, error: unknown, broker: Broker | null): Promise<void> {
    if ((error as Error).name === 'KafkaJSRequestTimeoutError') await broker?.disconnect().catch(() => undefined)
    const backOff = this.#backOffs.get(nodeId) ?? createBackOff()
    this.#backOffs.set(nodeId, backOff)
    await backOff.wait(this.#closed.signal)
    await this.#cluster.refreshMetadata().catch(() => undefined)
  }

  async #fetch(broker: Broker, asked: readonly Want[]): Promise<void> {
    const partitions = asked.map(({ partition, offset }) => ({
      partition,
      fetchOffset: String(offset),
      maxBytes: PARTITION_BYTES,
    }))
    const topics = [{ topic: this.#topic, partitions }]
    const { responses } = (await broker.fetch({
      maxWaitTime: WAIT_MS,
      minBytes: 1,
      maxBytes: REQUEST_BYTES,
      topics,
    })) as { responses: { partitions: { partition: number; messages: KafkaMessage[] }[] }[] }
    for (const response of responses.flatMap((topic) => topic.partitions)) {
      const want = asked.find(({ partition }) => partition === response.partition)
      if (want === undefined) continue
      // A batch comes whole, also when the wanted offset stands in its middle.
      const messages = response.messages.filter(({ offset }) => Number(offset) >= want.offset)
      if (messages.length > 0 && this.#wants.get(want.partition) === want) want.resolve(messages)
    }
  }
}
