import { FlywheelError } from '@flywheel/schema'
import type { Cluster } from 'kafkajs'
import { type Broker, leaderOf } from './cluster.js'
import { fatalOf, typeOf, unavailable } from './failure.js'
import { produce } from './produce.js'
import type { ProduceMessage } from './produce-request.js'
import { createBackOff } from './retrying.js'

/** One record on its way. */
export interface Outgoing {
  readonly message: ProduceMessage
  /** `received_at` in milliseconds. */
  readonly received: number
  written(offset: number): void
  failed(error: unknown): void
  /** True once its caller has been told `append_timeout`. */
  isGivenUp(): boolean
}

// kafkajs copies a request into the next larger power of two.
const REQUEST_BYTES = 1_000_000
const REQUEST_RECORDS = 256
// Records of one request share its end, so their deadlines must be near each other.
const REQUEST_SPREAD_MS = 2_000
/** How long the leader waits for the other replicas. */
const WRITE_LIMIT_MS = 5_000
const TRY_AGAIN_MS = 2_000
const SEQUENCES = 2 ** 31
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
// The broker does not know what this producer wrote before.
const LOST_SEQUENCE = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'DUPLICATE_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_ID_MAPPING',
])

interface Identity {
  producerId: bigint
  producerEpoch: number
  sequence: number
}

/**
 * Writes to one partition, one request at a time and in order. A request is sent again with the same sequence numbers
 * until it is answered, so the broker writes it once. If it is given up while its outcome is unknown, the writer takes a
 * new producer id: the old numbers must never stand on another request, which a broker would take for the old one,
 * acknowledge and drop.
 */
export class PartitionWriter {
  readonly #cluster: Cluster
  readonly #topic: string
  readonly #partition: number
  readonly #queue: Outgoing[] = []
  #identity: Identity | null = null
  #running: Promise<void> | null = null
  #failedAt: number | null = null

  constructor(cluster: Cluster, topic: string, partition: number) {
    this.#cluster = cluster
    this.#topic = topic
    this.#partition = partition
  }

  /** False from a failed request on until one succeeds, or a while has passed in which nothing was tried. */
  get isHealthy(): boolean {
    if (this.#failedAt === null) return true
    return this.#running === null && performance.now() - this.#failedAt > TRY_AGAIN_MS
  }

  submit(outgoing: Outgoing): void {
    this.#queue.push(outgoing)
    this.#running ??= this.#run()
  }

  /** Resolves when everything submitted has ended. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // Appends of the same turn of the event loop travel together.
    await new Promise((resolve) => setImmediate(resolve))
    for (let request = this.#next(); request.length > 0; request = this.#next()) await this.#write(request)
    this.#running = null
  }

  /** What fits into one request; records that nobody waits for any more are never sent. */
  #next(): Outgoing[] {
    const request: Outgoing[] = []
    let bytes = 0
    while (this.#queue.length > 0 && request.length < REQUEST_RECORDS) {
      const outgoing = this.#queue[0] as Outgoing
      if (!outgoing.isGivenUp()) {
        bytes += outgoing.message.value.length + outgoing.message.header.length
        const first = request[0]?.received ?? outgoing.received
        if (request.length > 0 && (bytes > REQUEST_BYTES || Math.abs(outgoing.received - first) > REQUEST_SPREAD_MS))
          break
        request.push(outgoing)
      }
      this.#queue.shift()
    }
    return request
  }

  async #write(request: readonly Outgoing[]): Promise<void> {
    const backOff = createBackOff()
    let isUnknown = false
    for (;;) {
      let isSent = false
      if (request.every((outgoing) => outgoing.isGivenUp())) {
        if (isUnknown) this.#identity = null
        return
      }
      let broker: Broker | null = null
      try {
        broker = await leaderOf(this.#cluster, this.#topic, this.#partition)
        const identity = await this.#identify(broker)
        isSent = true
        const base = await this.#produce(broker, identity, request)
        identity.sequence = (identity.sequence + request.length) % SEQUENCES
        this.#failedAt = null
        request.forEach((outgoing, at) => {
          outgoing.written(base + at)
        })
        return
      } catch (error) {
        const type = typeOf(error) ?? ''
        if (LOST_SEQUENCE.has(type)) {
          this.#identity = null
        } else if (TOO_LARGE.has(type) && !isUnknown) {
          return this.#tooLarge(request)
        } else if (fatalOf(error) !== null) {
          if (isUnknown) this.#identity = null
          for (const outgoing of request) outgoing.failed(unavailable('append', error))
          return
        } else {
          isUnknown ||= isSent
        }
        this.#failedAt = performance.now()
        // A broker that is silent is left, so that fresh metadata comes from another one.
        if ((error as Error).name === 'KafkaJSRequestTimeoutError') await broker?.disconnect().catch(() => undefined)
        await backOff.wait()
        await this.#cluster.refreshMetadata().catch(() => undefined)
      }
    }
  }

  #produce(broker: Broker, identity: Identity, request: readonly Outgoing[]): Promise<number> {
    return produce(broker, {
      topic: this.#topic,
      partition: this.#partition,
      producerId: identity.producerId,
      producerEpoch: identity.producerEpoch,
      firstSequence: identity.sequence,
      timestamp: request[0]?.received ?? 0,
      timeout_ms: WRITE_LIMIT_MS,
      messages: request.map((outgoing) => outgoing.message),
    })
  }

  async #identify(broker: Broker): Promise<Identity> {
    if (this.#identity !== null) return this.#identity
    const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: 30_000 })
    this.#identity = { producerId: BigInt(producerId), producerEpoch, sequence: 0 }
    return this.#identity
  }

  /** The broker wrote nothing: halves go one after the other, and one record that is too large by itself is refused. */
  async #tooLarge(request: readonly Outgoing[]): Promise<void> {
    if (request.length > 1) {
      const half = Math.ceil(request.length / 2)
      await this.#write(request.slice(0, half))
      await this.#write(request.slice(half))
      return
    }
    const [outgoing] = request
    outgoing?.failed(
      new FlywheelError(
        'invalid_config',
        `The topic ${this.#topic} takes no message of ${outgoing.message.value.length} bytes: its max.message.bytes is too small. Run \`flywheel migrate\` to see its settings.`,
      ),
    )
  }
}
