import { FlywheelError, type LogRecord } from '@flywheel/schema'
import type { Cluster, KafkaMessage } from 'kafkajs'
import type {
  Backlog,
  ConsumeOptions,
  Consumer,
  EventLog,
  PartitionProgress,
  Position,
  PositionedRecord,
  Slice,
  WaitingLines,
} from '../event-log.js'
import { anyBroker, connectCluster, disconnectAll } from './cluster.js'
import { KafkaConsumer } from './consumer.js'
import { unavailable } from './failure.js'
import { Measures } from './measures.js'
import { recordOf } from './message.js'
import type { KafkaLogOptions } from './options.js'
import { Producer } from './producer.js'
import { topicIdOf } from './topic-id.js'

/** What a Kafka log is made of. */
export interface KafkaLogParts {
  options: KafkaLogOptions
  topic: string
  log_id: string
  /** What `hiddenMs` found. */
  hidden_ms: number
  /** Connections for appends, so that no long poll stands before them. */
  appending: Cluster
  /** Connections for everything that measures. */
  measuring: Cluster
  /** Connections for what measuring reads. */
  peeking: Cluster
}

const SESSION_TIMEOUT_MS = 30_000
const MARGIN_MS = 30_000
/** Share of the margin after which a record counts as late; the rest is what clocks may differ. */
const LATE_SHARE = 5 / 6

/** An `EventLog` over one topic of a Kafka cluster, for any number of processes. */
export class KafkaLog implements EventLog {
  readonly log_id: string
  readonly #parts: KafkaLogParts
  readonly #producer: Producer
  readonly #measures: Measures
  /** Also those that are joining. */
  readonly #consumers = new Set<KafkaConsumer>()
  readonly #lateMs: number
  #closing: Promise<void> | null = null
  #isFatal = false

  constructor(parts: KafkaLogParts) {
    const { options, topic, log_id, hidden_ms } = parts
    const clock = options.clock ?? Date.now
    const margin_ms = options.watermark_margin_ms ?? MARGIN_MS
    this.#parts = parts
    this.log_id = log_id
    this.#lateMs = margin_ms * LATE_SHARE
    this.#producer = new Producer({
      cluster: parts.appending,
      topic,
      log_id,
      clock,
      partitions: () => this.#partitionsOf(parts.appending),
    })
    this.#measures = new Measures({
      cluster: parts.measuring,
      fetching: parts.peeking,
      topic,
      margin_ms,
      hidden_ms,
      clock,
      partitions: () => this.#partitionsOf(parts.measuring),
      record: (message, partition) => this.#recordOf(message, partition),
    })
  }

  get partitions(): number {
    return this.#partitionsOf(this.#parts.appending)
  }

  async append(record: LogRecord): Promise<Position> {
    this.#assertOpen()
    return this.#producer.append(record)
  }

  async consume(
    group: string,
    onSlice: (slice: Slice) => Promise<void>,
    options: ConsumeOptions = {},
  ): Promise<Consumer> {
    this.#assertOpen()
    const { topic, log_id } = this.#parts
    const coordinating = await connectCluster(this.#parts.options, topic)
    const fetching = await connectCluster(this.#parts.options, topic).catch(async (error: unknown) => {
      await disconnectAll([coordinating])
      throw error
    })
    const consumer = new KafkaConsumer({
      coordinating,
      fetching,
      log_id,
      topic,
      group,
      session_timeout_ms: this.#parts.options.session_timeout_ms ?? SESSION_TIMEOUT_MS,
      options,
      onSlice,
      record: (message, partition) => this.#recordOf(message, partition),
      bounds: async (partition) => {
        await this.#assertSameTopic()
        return this.#measures.bounds(partition)
      },
      onLost: (partition, from, to) =>
        this.#parts.options.onLog?.({
          level: 'error',
          message: 'retention deleted records before they were stored',
          fields: { partition, first: from, last: to - 1, records: to - from },
        }),
      onFatal: (error) => this.#fatal(error),
    })
    this.#consumers.add(consumer)
    try {
      this.#assertOpen()
      await consumer.join()
      this.#assertOpen()
    } catch (error) {
      await consumer.stop()
      this.#consumers.delete(consumer)
      this.#assertOpen()
      throw error
    }
    return {
      stop: async () => {
        await consumer.stop()
        this.#consumers.delete(consumer)
      },
    }
  }

  async backlog(group: string): Promise<Backlog> {
    this.#assertOpen()
    return this.#measures.backlog(group)
  }

  async progress(group: string): Promise<PartitionProgress[]> {
    this.#assertOpen()
    return this.#measures.progress(group)
  }

  async waitingLines(group: string): Promise<WaitingLines> {
    this.#assertOpen()
    return this.#measures.waitingLines(group)
  }

  async watermark(group: string): Promise<string> {
    this.#assertOpen()
    return new Date(await this.#measures.watermark(group)).toISOString()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()))
    await this.#producer.idle()
    const { appending, measuring, peeking } = this.#parts
    await disconnectAll([appending, measuring, peeking])
  }

  #partitionsOf(cluster: Cluster): number {
    return cluster.findTopicPartitionMetadata(this.#parts.topic).length
  }

  #recordOf(message: KafkaMessage, partition: number): PositionedRecord {
    return recordOf(message, { log_id: this.log_id, partition }, this.#lateMs)
  }

  /** A topic that was deleted and made anew begins at 0 again: its records would take the tokens of the old ones. */
  async #assertSameTopic(): Promise<void> {
    const { measuring, topic } = this.#parts
    const id = await topicIdOf(await anyBroker(measuring), topic)
    if (id === this.log_id) return
    throw new FlywheelError(
      'invalid_config',
      `The Kafka topic ${topic} was deleted and made anew. Restart this process, and see what of the old one was not stored yet.`,
    )
  }

  #fatal(error: Error): void {
    if (this.#isFatal || this.#closing !== null) return
    this.#isFatal = true
    const uncaught = (cause: Error): void =>
      queueMicrotask(() => {
        throw cause
      })
    const { onFatal = uncaught } = this.#parts.options
    onFatal(error)
  }

  #assertOpen(): void {
    if (this.#closing !== null)
      throw new FlywheelError('log_unavailable', 'The log is closed. Open it again to use it.')
  }
}

/** Why a log could not be opened, with the cluster's name in it. */
export function notOpened(brokers: readonly string[], error: unknown): FlywheelError {
  return unavailable(`be reached at ${brokers.join(', ')}`, error)
}
