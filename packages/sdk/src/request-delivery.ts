import { type EventType, LIMITS } from '@flywheel/schema/wire'
import type { HeldBlob } from './blobs.js'
import { type DeliveryError, type FlushReport, type Stats, total } from './counters.js'
import { type Deliverer, Delivery, type DeliveryOptions } from './delivery.js'
import { sendable } from './sendable.js'

const LINE_BYTES = 200
const POLL_MS = 20
const BEAT_MS = 250
/** A carrier that has not been heard of for so long ended with its request. */
const LEASE_MS = 1500

interface Waiting {
  readonly type: EventType
  readonly id: string
  readonly line: string
  readonly blobs: readonly HeldBlob[] | undefined
  readonly bytes: number
  /** Place in the order of creation; what `flush` waits for. */
  readonly order: number
}

/** What one flush has taken, and the delivery that carries it. Plain values: another request may read them. */
interface Carried {
  readonly delivery: Delivery
  /** In the order in which they are sent. */
  readonly lines: readonly Waiting[]
  beatAt: number
}

function add(totals: Record<string, number>, more: Record<string, number>): void {
  for (const [code, count] of Object.entries(more)) totals[code] = (totals[code] ?? 0) + count
}

const isWithin = (lines: readonly Waiting[], upTo: number) => lines.some(({ order }) => order <= upTo)
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/**
 * For runtimes that bind I/O to the request that started it and may end it at any await. Every flush carries what
 * waits in a delivery of its own; what a request took with it into its end is sent again by the next flush, with the
 * same bytes. No promise, timer or connection is shared between two flushes, only lines and counters.
 */
export class RequestDelivery implements Deliverer {
  readonly #options: DeliveryOptions
  readonly #newId: () => string
  /** Feedback, links and consents leave first and are kept longest. */
  #first: Waiting[] = []
  #interactions: Waiting[] = []
  #waitingBytes = 0
  readonly #carried = new Set<Carried>()
  #timerEndsAt = 0
  #isClosed = false
  #created = 0
  #sent = 0
  #lastError: DeliveryError | null = null
  readonly #dropped: Record<string, number> = {}
  readonly #rejected: Record<string, number> = {}

  constructor(options: DeliveryOptions, newId: () => string) {
    this.#options = options
    this.#newId = newId
  }

  /** What a client loads early is loaded by the first flush. */
  use(): void {}

  /** Nothing here outlives its request, so there is nothing to do at the end. */
  exit(): void {}

  /** Takes a finished line. Never throws, never waits. */
  push(type: EventType, id: string, text: string, blobs?: readonly HeldBlob[]): void {
    const { runtime, maxQueueBytes } = this.#options
    const line = sendable(text)
    const order = ++this.#created
    const size = runtime.byteLength(line)
    let bytes = size + LINE_BYTES
    if (blobs) for (const blob of blobs) bytes += blob.data.length
    const isTooLarge = size > LIMITS.event_bytes || bytes > maxQueueBytes
    if (this.#isClosed || isTooLarge) {
      this.#drop(isTooLarge ? 'event_too_large' : 'shutdown')
      return
    }
    const waiting: Waiting = { type, id, line, blobs, bytes, order }
    ;(type === 'interaction' ? this.#interactions : this.#first).push(waiting)
    this.#waitingBytes += bytes
    while (this.#waitingBytes + this.#carriedBytes() > maxQueueBytes && this.#giveUp()) this.#drop('queue_full')
    this.#schedule()
  }

  /** Counts an event that could not even be written. */
  fail(reason: string): void {
    this.#created++
    this.#drop(reason)
  }

  stats(): Stats {
    const stats: Stats = {
      created: this.#created,
      sent: this.#sent,
      pending: this.#first.length + this.#interactions.length,
      dropped: { ...this.#dropped },
      rejected: { ...this.#rejected },
      bytes: this.#waitingBytes + this.#carriedBytes(),
    }
    for (const { delivery } of this.#carried) {
      const { sent, pending, dropped, rejected } = delivery.stats()
      stats.sent += sent
      stats.pending += pending
      add(stats.dropped, dropped)
      add(stats.rejected, rejected)
    }
    return stats
  }

  /** Resolves when every event created before the call is settled, or after `timeoutMs`. Never rejects. */
  async flush(timeoutMs: number): Promise<FlushReport> {
    const upTo = this.#created
    const endsAt = Date.now() + timeoutMs
    for (let leftMs = timeoutMs; leftMs > 0; leftMs = endsAt - Date.now()) {
      this.#reclaim()
      if (isWithin(this.#first, upTo) || isWithin(this.#interactions, upTo)) await this.#carry(leftMs)
      // Another request carries them; it may end before it is through.
      else if (this.#isCarried(upTo)) await sleep(Math.min(POLL_MS, leftMs))
      else break
    }
    const { sent, pending, dropped, rejected } = this.stats()
    return { sent, pending, dropped: total(dropped), rejected: total(rejected), lastError: this.#lastError }
  }

  /** Flushes and takes nothing any more. */
  async close(timeoutMs: number): Promise<FlushReport> {
    this.#isClosed = true
    return await this.flush(timeoutMs)
  }

  /** Sends all that waits now; what is not settled in time waits again. */
  async #carry(timeoutMs: number): Promise<void> {
    const lines = [...this.#first, ...this.#interactions]
    this.#first = []
    this.#interactions = []
    this.#waitingBytes = 0
    const options = {
      ...this.#options,
      instance: this.#newId(),
      maxQueueBytes: Number.POSITIVE_INFINITY,
      spool: undefined,
    }
    const delivery = new Delivery(options)
    const carried: Carried = { delivery, lines, beatAt: Date.now() }
    this.#carried.add(carried)
    for (const { type, id, line, blobs } of lines) delivery.push(type, id, line, blobs)
    const beat = setInterval(() => {
      carried.beatAt = Date.now()
    }, BEAT_MS)
    const { pending, lastError } = await delivery.flush(timeoutMs)
    clearInterval(beat)
    if (pending > 0) await delivery.close(0)
    this.#lastError = lastError
    this.#settle(carried)
  }

  /** Takes over from requests that have ended with events in their hands. */
  #reclaim(): void {
    const now = Date.now()
    for (const carried of this.#carried) if (now - carried.beatAt > LEASE_MS) this.#settle(carried)
  }

  /** A delivery settles its lines in order, so what is pending are the last ones; they wait again, before newer ones. */
  #settle(carried: Carried): void {
    if (!this.#carried.delete(carried)) return
    const { sent, pending, dropped, rejected } = carried.delivery.stats()
    this.#sent += sent
    add(this.#dropped, dropped)
    add(this.#rejected, rejected)
    if (pending === 0) return
    const [first, interactions] = [this.#first, this.#interactions]
    const again = carried.lines.slice(-pending)
    this.#first = [...again.filter(({ type }) => type !== 'interaction'), ...first]
    this.#interactions = [...again.filter(({ type }) => type === 'interaction'), ...interactions]
    for (const { bytes } of again) this.#waitingBytes += bytes
  }

  #isCarried(upTo: number): boolean {
    return [...this.#carried].some(({ lines }) => isWithin(lines, upTo))
  }

  #carriedBytes(): number {
    let bytes = 0
    for (const { delivery } of this.#carried) bytes += delivery.stats().bytes
    return bytes
  }

  /** Takes out the oldest interaction, and of the rest only when there is none. False when nothing waits. */
  #giveUp(): boolean {
    const given = this.#interactions.shift() ?? this.#first.shift()
    this.#waitingBytes -= given?.bytes ?? 0
    return given !== undefined
  }

  #drop(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1
    this.#options.report(reason, `an event was dropped: ${reason}`)
  }

  /** For requests that live on without `waitUntil`; the platform ends the timer with its request. */
  #schedule(): void {
    const { flushIntervalMs, timeoutMs } = this.#options
    if (Date.now() < this.#timerEndsAt) return
    try {
      const timer = setTimeout(() => {
        this.#timerEndsAt = 0
        void this.flush(timeoutMs)
      }, flushIntervalMs)
      ;(timer as { unref?: () => void }).unref?.()
      this.#timerEndsAt = Date.now() + flushIntervalMs
    } catch {
      // Outside a request there are no timers: the next flush takes it along.
    }
  }
}
