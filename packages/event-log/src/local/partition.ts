import type { LogHeader } from '@flywheel/schema'
import {
  decodeRecord,
  NO_TOTALS,
  type RecordHead,
  readHead,
  storedBytesOf,
  type Totals,
  totalsAfter,
  writeHead,
} from './record-value.js'
import type { Change, Storage } from './storage.js'

/** Where the retained records begin, with the sums before that place. */
interface Start {
  offset: number
  totals: Totals
}

/** What one partition holds, in memory; `reload` takes it from the file. */
export class Partition {
  readonly number: number
  readonly #storage: Storage
  /** First record that is still in the file. */
  start: Start = { offset: 0, totals: NO_TOTALS }
  /** Next offset after the durable records, and the sums at that place. */
  end = 0
  totals: Totals = NO_TOTALS
  #staged: { end: number; totals: Totals } = { end: 0, totals: NO_TOTALS }
  /** Records older than one before them: the only ones besides the first that can be the oldest of a range. */
  readonly #late = new Map<number, number>()
  readonly #waiting = new Set<() => void>()
  #chain: Promise<unknown> = Promise.resolve()
  #head: { offset: number; head: RecordHead } | null = null
  /** Of a record whose deletion is in the file before this process knows that it is durable. */
  #leaving: { offset: number; head: RecordHead } | null = null

  constructor(number: number, storage: Storage) {
    this.number = number
    this.#storage = storage
    this.reload()
  }

  reload(): void {
    this.start = this.#storage.meta<Start>(`start/${this.number}`) ?? { offset: 0, totals: NO_TOTALS }
    this.end = this.start.offset
    this.totals = this.start.totals
    const last = this.#storage.lastRecord(this.number)
    if (last !== undefined) {
      this.end = last.offset + 1
      this.totals = totalsAfter(readHead(last.value), decodeRecord(last.value).header, storedBytesOf(last.value.length))
    }
    this.#staged = { end: this.end, totals: this.totals }
    this.#late.clear()
    for (const { key, value } of this.#storage.metaUnder<number>(`late/${this.number}/`)) {
      this.#late.set(Number(key.split('/')[2]), value)
    }
    this.#head = null
    this.#leaving = null
  }

  /** Gives a record its offset. `durable` is to be called once the changes are. */
  stageAppend(
    value: Buffer,
    header: LogHeader,
    received: number,
  ): { offset: number; changes: Change[]; durable(): void } {
    const { end: offset, totals: before } = this.#staged
    const head = { before, received }
    writeHead(value, head)
    const after = totalsAfter(head, header, storedBytesOf(value.length))
    this.#staged = { end: offset + 1, totals: after }
    const changes: Change[] = [{ put: 'record', partition: this.number, offset, value }]
    const isLate = received < before.newest
    if (isLate) changes.push({ put: 'meta', key: this.#lateKey(offset), value: received })
    const durable = (): void => {
      this.end = offset + 1
      this.totals = after
      if (isLate) this.#late.set(offset, received)
      for (const wake of this.#waiting) wake()
      this.#waiting.clear()
    }
    return { offset, changes, durable }
  }

  /**
   * Changes that drop every record before `offset`, for a group that stands at `committed` until they are durable.
   * `durable` is to be called once they are.
   */
  stageDelete(offset: number, committed: number): { changes: Change[]; durable(): void } {
    if (offset <= this.start.offset) return { changes: [], durable() {} }
    if (committed < offset) this.#leaving = { offset: committed, head: this.#headOf(committed) }
    const start = { offset, totals: this.totalsBefore(offset) }
    const changes: Change[] = [{ put: 'meta', key: `start/${this.number}`, value: start }]
    for (let at = this.start.offset; at < offset; at++) {
      changes.push({ remove: 'record', partition: this.number, offset: at })
      if (this.#late.has(at)) changes.push({ remove: 'meta', key: this.#lateKey(at) })
    }
    const durable = (): void => {
      this.start = start
      this.#leaving = null
      for (const at of this.#late.keys()) if (at < offset) this.#late.delete(at)
    }
    return { changes, durable }
  }

  /** The sums before a retained record, or at the end. */
  totalsBefore(offset: number): Totals {
    if (offset === this.end) return this.totals
    return offset === this.start.offset ? this.start.totals : this.#headOf(offset).before
  }

  /** Least `received_at` of the durable records from `offset` on, in milliseconds; null if there is none. */
  oldestSince(offset: number): number | null {
    if (offset >= this.end) return null
    let oldest = this.#headOf(offset).received
    for (const [at, received] of this.#late) if (at >= offset) oldest = Math.min(oldest, received)
    return oldest
  }

  /** Bytes of the file that the retained records take. */
  get retainedBytes(): number {
    return this.totals.stored - this.start.totals.stored
  }

  /** Resolves when a record stands at `offset`, or `signal` is aborted. */
  arrival(offset: number, signal: AbortSignal): Promise<void> {
    if (offset < this.end || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  /** Runs the group steps of this partition one after another: a new tenant never overtakes a commit that is being written. */
  inOrder<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#chain.then(step)
    this.#chain = result.catch(() => undefined)
    return result
  }

  #headOf(offset: number): RecordHead {
    if (this.#leaving?.offset === offset) return this.#leaving.head
    if (this.#head?.offset === offset) return this.#head.head
    const value = this.#storage.record(this.number, offset)
    if (value === undefined) throw new Error(`log record ${this.number}:${offset} is missing`)
    this.#head = { offset, head: readHead(value) }
    return this.#head.head
  }

  #lateKey(offset: number): string {
    return `late/${this.number}/${offset}`
  }
}
