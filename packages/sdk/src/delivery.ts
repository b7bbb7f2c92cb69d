import { CLIENT_HEADER, type EventType, LIMITS } from '@flywheel/schema/wire'
import { type HeldBlob, hashBlobs } from './blobs.js'
import { type DeliveryError, type FlushReport, type Stats, total } from './counters.js'
import type { Report } from './diagnostics.js'
import { type Entry, Queue } from './queue.js'
import type { Runtime } from './runtime.js'
import { sendable } from './sendable.js'
import type { Batch, Transport, TransportAnswer } from './transport.js'

const ENTRY_BYTES = 200
const BATCH_LINES = 500
const BATCH_BYTES = 1024 * 1024
const BACKOFF_MS = 250
const MAX_BACKOFF_MS = 30_000
const EXIT_MS = 2_000

export interface DeliveryOptions {
  readonly transport: Transport
  readonly runtime: Runtime
  readonly report: Report
  readonly instance: string
  readonly maxQueueBytes: number
  readonly flushIntervalMs: number
  readonly timeoutMs: number
  readonly now: () => number
}

interface OpenBatch extends Batch {
  readonly entries: readonly Entry[]
}
interface Waiter {
  readonly upTo: number
  readonly resolve: () => void
}

function unref(timer: unknown): void {
  ;(timer as { unref?: () => void }).unref?.()
}

/**
 * Sends events in the background, one batch at a time. Guarantees: nothing rejects, no timer keeps the process alive,
 * memory is bounded, every created event is at any moment exactly one of sent, pending, dropped or rejected.
 */
export class Delivery {
  readonly #options: DeliveryOptions
  readonly #queue = new Queue()
  /** Batches already formed; a retry takes the same one. */
  #open: OpenBatch[] = []
  #openBytes = 0
  #waiters: Waiter[] = []
  #timer: unknown
  #wake: (() => void) | undefined
  #abort: AbortController | undefined
  #isRunning = false
  #isClosed = false
  #seq = 0
  #failures = 0
  #lastError: DeliveryError | null = null
  #created = 0
  #sent = 0
  #exitedAt = 0
  readonly #dropped: Record<string, number> = {}
  readonly #rejected: Record<string, number> = {}

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /** The host has nothing left to do: one bounded flush for whatever is new since the last time, then the process may end. */
  exit(): void {
    if (this.#created === this.#exitedAt || this.#pending() === 0) return
    this.#exitedAt = this.#created
    void this.flush(EXIT_MS).then(() => this.#abort?.abort(new Error('the process ends')))
  }

  /** Takes a finished line. Never throws, never waits. */
  push(type: EventType, id: string, text: string, blobs?: readonly HeldBlob[]): void {
    const { runtime, maxQueueBytes } = this.#options
    const line = sendable(text)
    this.#created++
    const lineBytes = runtime.byteLength(line)
    // An engine holds a text in which one character is beyond Latin-1 at two bytes a character.
    const heldBytes = lineBytes === line.length ? lineBytes : Math.max(lineBytes, 2 * line.length)
    let bytes = heldBytes + ENTRY_BYTES
    if (blobs) for (const blob of blobs) bytes += blob.data.length
    const isTooLarge = lineBytes > LIMITS.event_bytes || bytes > maxQueueBytes
    if (this.#isClosed || isTooLarge) {
      this.#drop(isTooLarge ? 'event_too_large' : 'shutdown')
      return
    }
    this.#queue.push({ type, id, line, bytes, order: this.#created, blobs })
    while (this.#queue.bytes + this.#openBytes > maxQueueBytes && this.#queue.drop()) this.#drop('queue_full')
    this.#schedule(this.#queue.bytes > BATCH_BYTES ? 0 : this.#options.flushIntervalMs)
  }

  /** Counts an event that could not even be written. */
  fail(reason: string): void {
    this.#created++
    this.#drop(reason)
  }

  stats(): Stats {
    return {
      created: this.#created,
      sent: this.#sent,
      pending: this.#pending(),
      dropped: { ...this.#dropped },
      rejected: { ...this.#rejected },
      bytes: this.#queue.bytes + this.#openBytes,
    }
  }

  /** Resolves when every event created before the call is settled, or after `timeoutMs`. Never rejects. */
  async flush(timeoutMs: number): Promise<FlushReport> {
    if (this.#pending() > 0) {
      await new Promise<void>((resolve) => {
        // Not unref'd: somebody awaits this, and an empty loop would end the process under them.
        const settled = () => {
          clearTimeout(timer)
          resolve()
        }
        const waiter = { upTo: this.#created, resolve: settled }
        const timer = setTimeout(() => {
          this.#waiters = this.#waiters.filter((other) => other !== waiter)
          resolve()
        }, timeoutMs)
        this.#waiters.push(waiter)
        this.#wake?.()
        void this.#run()
      })
    }
    return {
      sent: this.#sent,
      pending: this.#pending(),
      dropped: total(this.#dropped),
      rejected: total(this.#rejected),
      lastError: this.#lastError,
    }
  }

  /** Flushes and takes nothing any more. */
  async close(timeoutMs: number): Promise<FlushReport> {
    this.#isClosed = true
    const report = await this.flush(timeoutMs)
    this.#abort?.abort(new Error('shutdown'))
    return report
  }

  #pending(): number {
    return this.#queue.count + this.#open.reduce((sum, batch) => sum + batch.count, 0)
  }

  #drop(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1
    this.#options.report(reason, `an event was dropped: ${reason}`)
    this.#settleWaiters()
  }

  #schedule(delayMs: number): void {
    if (this.#isRunning || (this.#timer !== undefined && delayMs > 0)) return
    clearTimeout(this.#timer as never)
    this.#timer = setTimeout(() => void this.#run(), delayMs)
    unref(this.#timer)
  }

  /** One loop at a time; ends when nothing is pending. */
  async #run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    clearTimeout(this.#timer as never)
    this.#timer = undefined
    try {
      while (this.#open.length > 0 || this.#queue.count > 0) {
        if (this.#open.length === 0) this.#form()
        const batch = this.#open[0]
        if (batch) await this.#attempt(batch)
        if (this.#isClosed && this.#failures > 0 && this.#waiters.length === 0) break
      }
    } catch (error) {
      this.#options.report(
        'delivery_failed',
        'the delivery stopped unexpectedly and will go on with the next event',
        error,
      )
    }
    this.#isRunning = false
    this.#settleWaiters()
  }

  /** Joins lines that are JSON already; hashing of binary data happens here, not in the host's call. */
  #form(): void {
    const entries: Entry[] = []
    const lines: string[] = []
    let size = 0
    for (let entry = this.#queue.peek(); entry && entries.length < BATCH_LINES; entry = this.#queue.peek()) {
      if (entries.length > 0 && size + entry.line.length > BATCH_BYTES) break
      this.#queue.shift()
      try {
        lines.push(entry.blobs ? hashBlobs(entry.line, entry.blobs, this.#options.runtime) : entry.line)
      } catch {
        this.#drop('serialise_failed')
        continue
      }
      entries.push(entry)
      size += entry.line.length
      this.#openBytes += entry.bytes
    }
    if (entries.length > 0) this.#open.push({ entries, ndjson: lines.join('\n'), count: entries.length })
  }

  async #attempt(batch: OpenBatch): Promise<void> {
    const { transport, timeoutMs, instance } = this.#options
    const abort = new AbortController()
    this.#abort = abort
    const timer = setTimeout(() => abort.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    unref(timer)
    const dropped = total(this.#dropped)
    const rejected = total(this.#rejected)
    const headers = {
      [CLIENT_HEADER.toLowerCase()]: `instance=${instance}; seq=${++this.#seq}; created=${this.#created}; dropped=${dropped}; rejected=${rejected}`,
    }
    let answer: TransportAnswer
    try {
      // The race: a transport that ignores its signal must not stop the delivery.
      answer = await Promise.race([
        transport.send(batch, headers, abort.signal),
        new Promise<never>((_, reject) => abort.signal.addEventListener('abort', () => reject(abort.signal.reason))),
      ])
    } catch (error) {
      return await this.#retry('unreachable', `the collector cannot be reached: ${messageOf(error)}`, undefined, error)
    } finally {
      clearTimeout(timer)
      this.#abort = undefined
    }
    await this.#judge(batch, answer)
  }

  async #judge(batch: OpenBatch, { status, body, retryAfterMs }: TransportAnswer): Promise<void> {
    const answer = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
    const lines = Array.isArray(answer['rejected']) ? (answer['rejected'] as { code?: unknown }[]) : undefined
    if (status >= 200 && status < 300) {
      // A captive portal's 200 is no acknowledgement: only the contract's answer is.
      if (typeof answer['accepted'] === 'number' && lines) return this.#settle(batch, lines, null)
      return await this.#retry('bad_answer', `the collector answered ${status} with something else than the contract's`)
    }
    const code = typeof answer['code'] === 'string' ? answer['code'] : `http_${status}`
    if (status === 413 && batch.count > 1) return this.#halve(batch)
    if (status === 400 || status === 413 || status === 415 || status === 422) {
      this.#lastError = this.#error(code, `the collector refused a batch of ${batch.count} with ${status}`)
      return this.#settle(batch, lines ?? [], code)
    }
    // 401 and 403 too: a key made a moment ago is known to every collector only some seconds later.
    await this.#retry(code, `the collector answered ${status}`, retryAfterMs)
  }

  /** Takes a batch out. With `restCode`, lines that are not listed count as rejected for it; else they are sent. */
  #settle(batch: OpenBatch, rejectedLines: readonly { code?: unknown }[], restCode: string | null): void {
    this.#open.shift()
    for (const entry of batch.entries) this.#openBytes -= entry.bytes
    const listed = rejectedLines.slice(0, batch.count)
    for (const { code } of listed) this.#reject(String(code), 1)
    const rest = batch.count - listed.length
    if (restCode === null) {
      this.#sent += rest
      this.#lastError = null
    } else if (rest > 0) this.#reject(restCode, rest)
    if (listed.length + (restCode === null ? 0 : rest) > 0) {
      this.#options.report('rejected', `the collector rejected events: ${JSON.stringify(this.#rejected)}`)
    }
    this.#failures = 0
    this.#settleWaiters()
  }

  #reject(code: string, count: number): void {
    this.#rejected[code] = (this.#rejected[code] ?? 0) + count
  }

  #halve(batch: OpenBatch): void {
    const lines = batch.ndjson.split('\n')
    const middle = batch.count >> 1
    const part = (from: number, to: number): OpenBatch => ({
      entries: batch.entries.slice(from, to),
      ndjson: lines.slice(from, to).join('\n'),
      count: to - from,
    })
    this.#open.splice(0, 1, part(0, middle), part(middle, batch.count))
  }

  /** Waits before the next attempt: exponential with full jitter, or what the server asked for. */
  async #retry(code: string, message: string, retryAfterMs?: number, cause?: unknown): Promise<void> {
    this.#lastError = this.#error(code, message)
    this.#options.report('delivery_failed', `${message}; ${this.#pending()} events wait and will be sent again`, cause)
    const ceiling = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** this.#failures++)
    const delay = Math.max(retryAfterMs ?? 0, ceiling * (0.5 + Math.random() / 2))
    if (this.#isClosed && this.#waiters.length === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delay)
      unref(timer)
      // A flush does not wait out a backoff, but it does wait out what the server asked for.
      if (retryAfterMs === undefined) {
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      }
    })
    this.#wake = undefined
  }

  #error(code: string, message: string): DeliveryError {
    return { code, message, at: this.#options.now() }
  }

  #settleWaiters(): void {
    if (this.#waiters.length === 0) return
    const oldest = Math.min(
      this.#queue.oldest(),
      ...this.#open.flatMap((batch) => batch.entries.map((entry) => entry.order)),
    )
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.upTo >= oldest) return true
      waiter.resolve()
      return false
    })
  }
}

function messageOf(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } } | null)?.cause?.code
  const message = error instanceof Error ? error.message : String(error)
  return cause ? `${message} (${String(cause)})` : message
}
