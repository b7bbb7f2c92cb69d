import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { FlywheelError } from '@flywheel/schema'
import type { Assignment, Boundary, PositionedRecord, Slice } from '../event-log.js'
import type { GroupProgress } from './group.js'
import type { Partition } from './partition.js'

/** What a tenancy needs of its log. */
export interface TenancyPort {
  readonly log_id: string
  readonly partition: Partition
  progress(): GroupProgress
  /** Durable when it resolves; `validate` sees the state right before the write and may throw. */
  update(validate: (now: GroupProgress) => GroupProgress): Promise<void>
  read(offset: number): Promise<PositionedRecord[]>
}

const BACK_OFF_MS = { first: 50, most: 5_000 }

/** One member's hold on one partition, from assignment to rebalance, stop or close. */
export class Tenancy implements Assignment {
  readonly #port: TenancyPort
  readonly #ended = new AbortController()
  /** Offset after the last record that was handed to this tenant. */
  #delivered = 0

  constructor(port: TenancyPort) {
    this.#port = port
  }

  get log_id(): string {
    return this.#port.log_id
  }

  get partition(): number {
    return this.#port.partition.number
  }

  get signal(): AbortSignal {
    return this.#ended.signal
  }

  isStale(): boolean {
    return this.#ended.signal.aborted
  }

  /** Members live in the log's own process: there is no session that could time out. */
  async heartbeat(): Promise<void> {
    this.#assertCurrent()
  }

  async recoverBoundary(): Promise<Boundary | null> {
    this.#assertCurrent()
    const { proposed } = this.#port.progress()
    return proposed === null ? null : { ...proposed }
  }

  async propose(boundary: Boundary): Promise<void> {
    const { first, last } = boundary
    this.#assertCurrent()
    await this.#port.update((now) => {
      this.#assertCurrent()
      if (now.proposed !== null) {
        if (now.proposed.first === first && now.proposed.last === last) return now
        throw this.#refused(
          'conflict',
          `propose ${first}-${last}`,
          `${now.proposed.first}-${now.proposed.last} stands and must be committed first`,
        )
      }
      if (first !== now.committed) {
        throw this.#refused(
          'invalid_request',
          `propose ${first}-${last}`,
          `the first uncommitted offset is ${now.committed}`,
        )
      }
      if (!(last >= first && last < this.#delivered)) {
        throw this.#refused(
          'invalid_request',
          `propose ${first}-${last}`,
          `only offsets before ${this.#delivered} were delivered`,
        )
      }
      return { committed: now.committed, proposed: { first, last } }
    })
  }

  async commit(last: number): Promise<void> {
    this.#assertCurrent()
    await this.#port.update((now) => {
      this.#assertCurrent()
      if (last === now.committed - 1 && now.proposed === null) return now
      if (now.proposed !== null && last !== now.proposed.last) {
        throw this.#refused(
          'conflict',
          `commit ${last}`,
          `${now.proposed.first}-${now.proposed.last} is proposed: commit ${now.proposed.last}`,
        )
      }
      if (!(last >= now.committed && last < this.#delivered)) {
        throw this.#refused(
          'invalid_request',
          `commit ${last}`,
          `offsets from ${now.committed} to before ${this.#delivered} can be committed`,
        )
      }
      return { committed: last + 1, proposed: null }
    })
  }

  end(): void {
    this.#ended.abort(this.#stale())
  }

  /** Hands slices to the handler until the tenancy ends. A rejected slice comes again, without what it committed. */
  async run(onSlice: (slice: Slice) => Promise<void>): Promise<void> {
    // After the earlier tenant's last commit, which may still be on its way to the disk.
    let offset = await this.#port.partition.inOrder(async () => this.#port.progress().committed)
    let backOff = BACK_OFF_MS.first
    while (!this.isStale()) {
      await this.#port.partition.arrival(offset, this.signal)
      // A handler that never awaits anything real would otherwise keep the event loop.
      await nextTurn()
      if (this.isStale()) return
      try {
        const records = await this.#port.read(offset)
        if (this.isStale()) return
        const next = offset + records.length
        this.#delivered = next
        await onSlice(this.#slice(offset, next - 1, records))
        offset = next
        backOff = BACK_OFF_MS.first
      } catch {
        await delay(backOff, undefined, { signal: this.signal, ref: false }).catch(() => undefined)
        backOff = Math.min(backOff * 2, BACK_OFF_MS.most)
        offset = Math.max(offset, this.#port.progress().committed)
      }
    }
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

  #stale(): FlywheelError {
    return new FlywheelError(
      'assignment_stale',
      `Partition ${this.partition} was given to another member or its consumer stopped. Drop this work; the next tenant does it again.`,
    )
  }

  #refused(code: 'conflict' | 'invalid_request', what: string, why: string): FlywheelError {
    return new FlywheelError(code, `Partition ${this.partition}: cannot ${what}: ${why}.`)
  }
}
