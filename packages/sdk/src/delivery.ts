import type { EventType } from '@flywheel/schema/wire'
import { type HeldBlob, hashBlobs } from './blobs.js'
import { type DeliveryError, type FlushReport, type Stats, total } from './counters.js'
import type { Report } from './diagnostics.js'
import { BATCH_BYTES, type Entry, Line, MAX_EVENT_BYTES } from './queue.js'
import type { Runtime } from './runtime.js'
import { sendable } from './sendable.js'
import type { Sender } from './sender.js'
import type { OpenSpool, Spool } from './spool-hook.js'
import type { Transport } from './transport.js'

const ENTRY_BYTES = 200
/** The longest that a timer can wait. */
export const NEVER_MS: number = 2 ** 31 - 1

/** What the rest of a client needs of its delivery. */
export type Deliverer = Pick<Delivery, 'push' | 'fail' | 'use' | 'stats' | 'flush' | 'close' | 'exit'>

/** Makes the delivery that suits the runtime. */
export type CreateDelivery = (options: DeliveryOptions, newId: () => string) => Deliverer

export interface DeliveryOptions {
  /** Instead of HTTP. */
  readonly transport: Transport | undefined
  readonly url: string
  readonly apiKey: string
  readonly fetch: typeof fetch | undefined
  readonly spool?: Spool | undefined
  readonly runtime: Runtime
  readonly report: Report
  /** Names this client among those of its project in the counters it sends. */
  readonly instance: string
  readonly maxQueueBytes: number
  readonly flushIntervalMs: number
  readonly timeoutMs: number
  readonly now: () => number
}

interface Waiter {
  upTo: number
  readonly settle: () => void
}

/**
 * What has to happen in the host's call: the bounded queue, the counters, and who waits. The sending itself stands in
 * `sender.ts`, loaded when the client is made. Guarantees: nothing throws or rejects, no timer keeps the process alive,
 * memory is bounded, every created event is at any moment exactly one of sent, pending, dropped or rejected.
 */
export class Delivery {
  created = 0
  sent = 0
  pending = 0
  bytes = 0
  readonly dropped: Record<string, number> = {}
  readonly rejected: Record<string, number> = {}
  lastError: DeliveryError | null = null
  /** Feedback, links and consents are kept longest and leave first: a correction is worth more than a call. */
  readonly feedback: Line = new Line()
  readonly interactions: Line = new Line()
  readonly waiters: Set<Waiter> = new Set()
  readonly options: DeliveryOptions
  readonly spool: OpenSpool | undefined
  isSending = false
  isClosed = false
  #sender: Promise<Sender> | undefined
  #timer: unknown
  #delay = NEVER_MS

  constructor(options: DeliveryOptions) {
    this.options = options
    this.spool = options.spool?.open(options.report)
  }

  /** Runs `step` with the sender, which is loaded once; a load that fails is tried again by the next step. */
  use(step: (sender: Sender) => void): void {
    this.#sender ??= import('./sender.js').then(({ createSender }) => createSender(this))
    this.#sender.then(step, (error) => {
      this.#sender = undefined
      this.failed('sender_not_loaded', 'the sender cannot be loaded', error)
      for (const { settle } of this.waiters) settle()
    })
  }

  /** The newest reason why events are not sent. */
  failed(code: string, message: string, cause?: unknown): void {
    this.lastError = { code, message, at: this.options.now() }
    this.options.report('delivery_failed', message, cause)
  }

  /** Takes a finished line. Never throws, never waits. */
  push(type: EventType, _id: string, text: string, blobs?: readonly HeldBlob[]): void {
    const { spool, options } = this
    const { runtime, maxQueueBytes } = options
    let held = 0
    if (blobs) for (const { data } of blobs) held += data.length
    // Large data is hashed here and now: held until it is sent, a few pictures would cost all that waits beside them.
    const isHashed = blobs && (spool || held > maxQueueBytes / 4)
    const line = sendable(!isHashed ? text : spool ? spool.hash(text, blobs) : hashBlobs(text, blobs, runtime))
    const size = runtime.byteLength(line)
    // An engine holds a text in which one character is beyond Latin-1 at two bytes a character.
    const bytes = ENTRY_BYTES + (size === line.length ? size : Math.max(size, 2 * line.length)) + (isHashed ? 0 : held)
    const isTooLarge = size > MAX_EVENT_BYTES || bytes > maxQueueBytes
    if (isTooLarge || this.isClosed) this.fail(isTooLarge ? 'event_too_large' : 'shutdown')
    else {
      const rest = isHashed ? undefined : blobs
      const entry = { isInteraction: type === 'interaction', line, size, bytes, blobs: rest, order: 0 }
      spool?.take(entry, maxQueueBytes / 2 - this.bytes)
      this.add(entry)
    }
  }

  /** Queues an event; when there is no room the oldest interactions go, and feedback only when none is left. */
  add(entry: Entry): void {
    entry.order = ++this.created
    this.pending++
    ;(entry.isInteraction ? this.interactions : this.feedback).push(entry)
    this.bytes += entry.bytes
    while (this.bytes > this.options.maxQueueBytes || this.spool?.isFull()) {
      const oldest = this.interactions.shift() ?? this.feedback.shift()
      if (!oldest) break
      this.drop('queue_full', oldest)
    }
    const delay = this.bytes > BATCH_BYTES ? 0 : this.options.flushIntervalMs
    if (this.isSending || delay >= this.#delay) return
    clearTimeout(this.#timer as never)
    this.#delay = delay
    this.#timer = setTimeout(() => {
      this.#delay = NEVER_MS
      this.use((sender) => sender.run())
    }, delay)
    ;(this.#timer as { unref?: () => void }).unref?.()
  }

  /** Counts an event that could not even be queued. */
  fail(reason: string): void {
    this.created++
    this.pending++
    this.drop(reason)
  }

  /** Gives one pending event up. */
  drop(reason: string, entry?: Entry): void {
    if (entry) {
      this.bytes -= entry.bytes
      this.spool?.release([entry])
    }
    this.pending--
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1
    this.options.report(reason, `event dropped: ${reason}`)
    if (this.waiters.size > 0) this.use((sender) => sender.settle())
  }

  stats(): Stats {
    const { created, sent, pending, dropped, rejected, bytes } = this
    const stats: Stats = { created, sent, pending, dropped: { ...dropped }, rejected: { ...rejected }, bytes }
    return this.spool ? { ...stats, spool: this.spool.stats() } : stats
  }

  /** Resolves when every event created before the call is settled, or after `timeoutMs`. Never rejects. */
  async flush(timeoutMs: number): Promise<FlushReport> {
    await new Promise<void>((resolve) => {
      const waiter = {
        upTo: this.created,
        settle: () => {
          clearTimeout(timer)
          this.waiters.delete(waiter)
          resolve()
        },
      }
      // Not unref'd: somebody awaits this, and an empty loop would end the process under them.
      const timer = setTimeout(waiter.settle, Math.min(timeoutMs, NEVER_MS))
      this.waiters.add(waiter)
      this.use((sender) => sender.run())
    })
    const { sent, pending, lastError } = this
    return { sent, pending, dropped: total(this.dropped), rejected: total(this.rejected), lastError }
  }

  /** The host has nothing left to do. */
  exit(): void {
    if (this.pending > 0) this.use((sender) => sender.exit())
  }

  /** Flushes and takes nothing any more. */
  async close(timeoutMs: number): Promise<FlushReport> {
    this.isClosed = true
    const report = await this.flush(timeoutMs)
    this.use((sender) => sender.close())
    return report
  }
}
