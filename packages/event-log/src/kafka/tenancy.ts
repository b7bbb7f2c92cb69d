import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { FlywheelError, isFlywheelError } from '@flywheel/schema'
import type { Assignment, Boundary, PositionedRecord, Slice } from '../event-log.js'
import { type Committed, metadataOf } from './boundary-metadata.js'
import { fatalOf, typeOf, unavailable } from './failure.js'
import { GROUP_MOVED } from './group-member.js'
import { createBackOff } from './retrying.js'

/** What a tenancy needs of its member. */
export interface TenancyPort {
  readonly log_id: string
  readonly partition: number
  isCurrent(): boolean
  beat(): Promise<void>
  /** One attempt, under the generation of this tenancy. */
  commit(offset: number, metadata: string): Promise<void>
  /** The next records from `offset` on: called with the offset at the beginning, with null to go on. */
  slice(offset: number | null): Promise<PositionedRecord[]>
  /** The first offset of the partition. */
  start(): Promise<number>
  /** Tells that the records from `from` to before `to` were handed over, cannot be committed and are not in the log any more. */
  lost(from: number, to: number): void
  onFatal(error: Error): void
}

const BACK_OFF_MS = { first: 50, most: 5_000 }
const SILENCE_MS = 50
const COMMIT_LIMIT_MS = 30_000

/** One member's hold on one partition, from the end of one rebalance to the beginning of the next. */
export class Tenancy implements Assignment {
  readonly #port: TenancyPort
  readonly #ended = new AbortController()
  #committed: number | null
  #proposed: Boundary | null
  /** Offset after the last record that was handed to this tenant. */
  #delivered = 0
  /** Wakes who waits for the next commit or the end. */
  #moved: () => void = () => {}
  #chain: Promise<unknown> = Promise.resolve()

  constructor(port: TenancyPort, found: Committed) {
    this.#port = port
    this.#committed = found.offset
    this.#proposed = found.proposed
  }

  get log_id(): string {
    return this.#port.log_id
  }

  get partition(): number {
    return this.#port.partition
  }

  get signal(): AbortSignal {
    return this.#ended.signal
  }

  isStale(): boolean {
    return this.#ended.signal.aborted || !this.#port.isCurrent()
  }

  async heartbeat(): Promise<void> {
    this.#assertCurrent()
    await this.#port.beat()
    this.#assertCurrent()
  }

  async recoverBoundary(): Promise<Boundary | null> {
    this.#assertCurrent()
    return this.#proposed === null ? null : { ...this.#proposed }
  }

  propose(boundary: Boundary): Promise<void> {
    const { first, last } = boundary
    return this.#inOrder(async () => {
      this.#assertCurrent()
      const what = `propose ${first}-${last}`
      if (this.#proposed !== null) {
        const { first: from, last: to } = this.#proposed
        if (from === first && to === last) return
        throw this.#refused('conflict', what, `${from}-${to} stands and must be committed first`)
      }
      if (first !== this.#committed) {
        throw this.#refused('invalid_request', what, `the first uncommitted offset is ${this.#committed}`)
      }
      if (!(last >= first && last < this.#delivered)) {
        throw this.#refused('invalid_request', what, `only offsets before ${this.#delivered} were delivered`)
      }
      await this.#write(first, { first, last })
      this.#proposed = { first, last }
    })
  }

  commit(last: number): Promise<void> {
    return this.#inOrder(async () => {
      this.#assertCurrent()
      const committed = this.#committed ?? 0
      if (last === committed - 1 && this.#proposed === null) return
      if (this.#proposed !== null && last !== this.#proposed.last) {
        const { first: from, last: to } = this.#proposed
        throw this.#refused('conflict', `commit ${last}`, `${from}-${to} is proposed: commit ${to}`)
      }
      if (!(last >= committed && last < this.#delivered)) {
        const why = `offsets from ${committed} to before ${this.#delivered} can be committed`
        throw this.#refused('invalid_request', `commit ${last}`, why)
      }
      await this.#write(last + 1, null)
      this.#committed = last + 1
      this.#proposed = null
      this.#moved()
    })
  }

  end(): void {
    this.#ended.abort(this.#stale())
    this.#moved()
  }

  /**
   * Hands slices to the handler until the tenancy ends. A rejected slice comes again, without what it committed.
   * @returns what the next tenancy of the same member begins with, where this one ended at a gap; else null
   */
  async run(onSlice: (slice: Slice) => Promise<void>): Promise<Committed | null> {
    try {
      return await this.#deliver(onSlice)
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#port.onFatal(error as Error)
      return null
    }
  }

  async #deliver(onSlice: (slice: Slice) => Promise<void>): Promise<Committed | null> {
    let from: number | null = null
    let hasBegun = false
    let records: PositionedRecord[] = []
    let pause = BACK_OFF_MS.first
    while (!this.#ended.signal.aborted) {
      try {
        if (!hasBegun) {
          // In the loop: a broker that cannot be reached at the start of a tenancy is waited for, as later on.
          from = this.#committed ??= await this.#port.start()
          hasBegun = true
        }
        if (records.length === 0) {
          records = await this.#port.slice(from)
          from = null
        }
        // A handler that never awaits anything real would otherwise keep the event loop.
        await nextTurn()
        if (this.isStale()) {
          // Ended, or silent for so long that the broker may have given the partition away: the next beat tells.
          await sleep(SILENCE_MS)
          continue
        }
        const first = (records[0] as PositionedRecord).position.offset
        const last = (records.at(-1) as PositionedRecord).position.offset
        if (this.#delivered > 0 && first > this.#delivered) return await this.#endAtGap(first)
        this.#passGap(first)
        this.#delivered = last + 1
        await onSlice(this.#slice(first, last, records))
        records = []
        pause = BACK_OFF_MS.first
      } catch (error) {
        if (this.#ended.signal.aborted) return null
        // What no handler can cause ends the member; everything else is the handler's and comes again.
        if (records.length === 0 && fatalOf(error) !== null) throw error
        await sleep(pause, undefined, { signal: this.signal, ref: false }).catch(() => undefined)
        pause = Math.min(pause * 2, BACK_OFF_MS.most)
        records = records.filter(({ position }) => position.offset >= (this.#committed ?? 0))
      }
    }
    return null
  }

  /** Offsets before the first record of a tenancy that are not committed do not exist any more. */
  #passGap(first: number): void {
    if (first <= Math.max(this.#committed ?? 0, this.#delivered)) return
    this.#committed = first
    this.#proposed = this.#proposedFrom(first)
  }

  /**
   * Retention took what comes after the last delivered record. A tenant forms its batches without gaps, so that the
   * partition goes on under another tenancy: once this one has committed what it was handed, since it holds the only copy.
   * A range to be redone whose end is gone can never be formed whole, so nobody waits for it.
   */
  async #endAtGap(first: number): Promise<Committed | null> {
    const committed = (): number => this.#committed ?? 0
    const isTorn = (): boolean => this.#proposed !== null && this.#proposed.last >= this.#delivered
    while (!this.#ended.signal.aborted && committed() < this.#delivered && !isTorn()) {
      await new Promise<void>((resolve) => {
        this.#moved = resolve
      })
    }
    if (this.#ended.signal.aborted) return null
    if (committed() < this.#delivered) this.#port.lost(committed(), this.#delivered)
    const next = { offset: first, proposed: this.#proposedFrom(first) }
    this.end()
    return next
  }

  /** What is left of a proposed range from an offset on. */
  #proposedFrom(first: number): Boundary | null {
    return this.#proposed === null || this.#proposed.last < first ? null : { first, last: this.#proposed.last }
  }

  /** Durable when it resolves. Repeating it is safe while the generation stands, and refused afterwards. */
  async #write(offset: number, proposed: Boundary | null): Promise<void> {
    const until = performance.now() + COMMIT_LIMIT_MS
    const backOff = createBackOff()
    for (;;) {
      try {
        await this.#port.commit(offset, metadataOf(proposed))
        return
      } catch (error) {
        if (this.isStale() || GROUP_MOVED.has(typeOf(error) ?? '')) throw this.#stale(error)
        if (fatalOf(error) !== null || performance.now() > until) throw unavailable('commit', error)
        await backOff.wait(this.signal)
        if (this.isStale()) throw this.#stale(error)
      }
    }
  }

  /** One step after another: what is validated is what is written. */
  #inOrder<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#chain.then(step)
    this.#chain = result.catch(() => undefined)
    return result
  }

  #slice(first: number, last: number, records: PositionedRecord[]): Slice {
    return {
      partition: this.partition,
      first,
      last,
      records,
      assignment: this,
      heartbeat: () => this.heartbeat(),
      isStale: () => this.isStale(),
    }
  }

  #assertCurrent(): void {
    if (this.isStale()) throw this.#stale()
  }

  #stale(cause?: unknown): FlywheelError {
    if (isFlywheelError(cause) && cause.code === 'assignment_stale') return cause as FlywheelError
    return new FlywheelError(
      'assignment_stale',
      `Partition ${this.partition} was given to another member or its consumer stopped. Drop this work; the next tenant does it again.`,
      { cause },
    )
  }

  #refused(code: 'conflict' | 'invalid_request', what: string, why: string): FlywheelError {
    return new FlywheelError(code, `Partition ${this.partition}: cannot ${what}: ${why}.`)
  }
}
