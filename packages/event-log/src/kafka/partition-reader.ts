import type { KafkaMessage } from 'kafkajs'
import type { ConsumeOptions, PositionedRecord } from '../event-log.js'

/** What a reader needs of its member. */
export interface ReaderParts {
  messages(offset: number): Promise<KafkaMessage[]>
  record(message: KafkaMessage): PositionedRecord
  options: ConsumeOptions
}

const SLICE_RECORDS = 64
const SLICE_BYTES = 16 * 1024 * 1024

/** Cuts what a partition holds into slices, and fetches ahead while one is worked on. */
export class PartitionReader {
  readonly #parts: ReaderParts
  #buffer: KafkaMessage[] = []
  #next: number
  #ahead: Promise<KafkaMessage[]> | null = null

  constructor(parts: ReaderParts, offset: number) {
    this.#parts = parts
    this.#next = offset
  }

  /** Records in order without gaps, at least one. */
  async slice(): Promise<PositionedRecord[]> {
    if (this.#buffer.length === 0) await this.#fill()
    const most = this.#parts.options.slice_records ?? SLICE_RECORDS
    const mostBytes = this.#parts.options.slice_bytes ?? SLICE_BYTES
    const records: PositionedRecord[] = []
    let bytes = 0
    for (const message of this.#buffer) {
      if (records.length === most) break
      const record = this.#readable(message, records.length > 0)
      if (record === null) break
      bytes += record.header.inflated_bytes
      const before = records.at(-1)?.position.offset ?? record.position.offset - 1
      if (records.length > 0 && (bytes > mostBytes || record.position.offset !== before + 1)) break
      records.push(record)
    }
    this.#buffer = this.#buffer.slice(records.length)
    if (this.#buffer.length === 0) this.#fetchAhead()
    return records
  }

  /** What stands before a record that cannot be read is delivered first. */
  #readable(message: KafkaMessage, isLater: boolean): PositionedRecord | null {
    try {
      return this.#parts.record(message)
    } catch (error) {
      if (isLater) return null
      throw error
    }
  }

  async #fill(): Promise<void> {
    this.#fetchAhead()
    const ahead = this.#ahead as Promise<KafkaMessage[]>
    try {
      this.#buffer = await ahead
    } finally {
      this.#ahead = null
    }
    this.#next = Number(this.#buffer.at(-1)?.offset) + 1
  }

  #fetchAhead(): void {
    if (this.#ahead !== null) return
    const next = this.#buffer.length === 0 ? this.#next : Number(this.#buffer.at(-1)?.offset) + 1
    this.#ahead = this.#parts.messages(next)
    // Its failure is met by the slice that needs it.
    this.#ahead.catch(() => undefined)
  }
}
