import { FlywheelError, type LogRecord } from '@flywheel/schema'
import type { Cluster } from 'kafkajs'
import type { Position } from '../event-log.js'
import { hasLeader } from './cluster.js'
import { messageOf } from './message.js'
import { PartitionWriter } from './partition-writer.js'

/** An append that is not durable so long after `received_at` fails; a later attempt is stamped anew. */
const APPEND_LIMIT_MS = 20_000
const LOOK_AGAIN_MS = 5_000

/** What a producer needs of its log. */
export interface ProducerParts {
  cluster: Cluster
  topic: string
  log_id: string
  clock: () => number
  partitions(): number
}

/** Appends records to the partitions in turn, leaving out those whose broker does not answer and those without a leader. */
export class Producer {
  readonly #parts: ProducerParts
  readonly #writers: PartitionWriter[] = []
  #lookedAt = Number.NEGATIVE_INFINITY
  #turn = Math.floor(Math.random() * 1_000)

  constructor(parts: ProducerParts) {
    this.#parts = parts
  }

  append(record: LogRecord): Promise<Position> {
    return new Promise((resolve, reject) => {
      const received = Date.parse(record.header.received_at)
      if (Number.isNaN(received)) {
        throw new FlywheelError('invalid_request', `append: received_at is ${record.header.received_at}, not RFC 3339.`)
      }
      const left = APPEND_LIMIT_MS - (this.#parts.clock() - received)
      if (left <= 0) throw timedOut()
      const message = messageOf(record)
      const { partition, writer } = this.#pick()
      let isGivenUp = false
      const deadline = setTimeout(
        () => {
          isGivenUp = true
          reject(timedOut())
        },
        Math.min(left, APPEND_LIMIT_MS),
      )
      writer.submit({
        message,
        received,
        isGivenUp: () => isGivenUp,
        written: (offset) => {
          clearTimeout(deadline)
          resolve({ log_id: this.#parts.log_id, partition, offset })
        },
        failed: (error) => {
          clearTimeout(deadline)
          reject(error)
        },
      })
    })
  }

  /** Resolves when every append has ended, at the latest at its deadline. */
  async idle(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.idle()))
  }

  #pick(): { partition: number; writer: PartitionWriter } {
    while (this.#writers.length < this.#parts.partitions()) {
      this.#writers.push(new PartitionWriter(this.#parts.cluster, this.#parts.topic, this.#writers.length))
    }
    const count = this.#writers.length
    const start = this.#turn++
    const turns = Array.from({ length: count }, (_, at) => (start + at) % count)
    const healthy = turns.filter((at) => this.#writers[at]?.isHealthy)
    const led = healthy.filter((at) => hasLeader(this.#parts.cluster, this.#parts.topic, at))
    if (led.length < healthy.length) this.#lookForLeaders()
    const partition = led[0] ?? healthy[0] ?? start % count
    return { partition, writer: this.#writers[partition] as PartitionWriter }
  }

  /** Metadata may be a minute old; a partition that got its leader back is used again within seconds. */
  #lookForLeaders(): void {
    if (performance.now() - this.#lookedAt < LOOK_AGAIN_MS) return
    this.#lookedAt = performance.now()
    void this.#parts.cluster.refreshMetadata().catch(() => undefined)
  }
}

function timedOut(): FlywheelError {
  return new FlywheelError(
    'append_timeout',
    `The record was not durable ${APPEND_LIMIT_MS / 1_000} s after its received_at. Stamp it anew and retry.`,
  )
}
