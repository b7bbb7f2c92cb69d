import { CLIENT_HEADER } from '@flywheel/schema/wire'
import { hashBlobs } from './blobs.js'
import { total } from './counters.js'
import type { Delivery } from './delivery.js'
import { isIdle } from './idle.js'
import { reasonOf, secondsOf } from './problem.js'
import { BATCH_BYTES, type Entry } from './queue.js'
import type { OpenSpool } from './spool-hook.js'
import { type Batch, httpTransport, type Transport, type TransportAnswer } from './transport.js'

const BATCH_LINES = 500
const BACKOFF_MS = 250
const MAX_BACKOFF_MS = 30_000
/** A collector that asks for more is asked again after this. */
const MAX_RETRY_AFTER_MS = 300_000
/** How long a host that has nothing else to do is kept alive, less one look at whether it has. */
const EXIT_MS = 1750
const LOOK_MS = 250

interface OpenBatch extends Batch {
  readonly entries: readonly Entry[]
  /** Order of its oldest event. */
  readonly oldest: number
}

interface RejectedLine {
  readonly code?: unknown
  readonly message?: unknown
}

/** False for what would not be counted under its name: an object has `constructor` and the like already. */
const isCode = (code: unknown): code is string => typeof code === 'string' && !(code in {})

/** A rejected line, also where the answer has something else in its place: the counters rest on it. */
function knownLine(line: RejectedLine | null): { code: string; message?: unknown } {
  return { ...line, code: isCode(line?.code) ? line.code : 'unknown' }
}

function unref(timer: unknown): void {
  ;(timer as { unref?: () => void }).unref?.()
}

/**
 * Sends a delivery's events, one batch at a time; a retry takes the same batch, so the same bytes. Loaded apart from the
 * client's entry. No method throws or rejects.
 */
export class Sender {
  readonly #delivery: Delivery
  readonly #transport: Transport
  #open: OpenBatch[] = []
  #wake: (() => void) | undefined
  #abort: AbortController | undefined
  #isAdopting = false
  /** What is pending stands on the disk for a later process, and is that one's to send. */
  #isLeft = false
  #seq = 0
  #failures = 0
  /** Unix milliseconds; before that the collector wants no request. */
  #notBefore = 0
  #exitedAt = 0
  /** Since when the process is alive for our request alone, by the monotonic clock. */
  #idleSince: number | undefined

  constructor(delivery: Delivery) {
    this.#delivery = delivery
    const { transport, url, apiKey, fetch, runtime } = delivery.options
    this.#transport = transport ?? httpTransport(url, apiKey, runtime.gzip, fetch)
    if (delivery.spool) void this.#adopt(delivery.spool)
  }

  /** Sends what is pending, now: a backoff ends, what the collector asked to be waited for does not. */
  run(): void {
    this.settle()
    this.#wake?.()
    if (this.#isLeft) for (const { settle } of this.#delivery.waiters) settle()
    else if (!this.#delivery.isSending) void this.#loop()
  }

  /** Takes over what ended processes have left; a flush waits for that too. */
  async #adopt(spool: OpenSpool): Promise<void> {
    const delivery = this.#delivery
    this.#isAdopting = true
    await spool.adopt({
      hasRoom: () => {
        const hasRoom = delivery.bytes < delivery.options.maxQueueBytes / 2
        // Sending makes room; it waits for no timer, but goes through a backoff that it is in.
        if (!hasRoom && !delivery.isSending) this.run()
        return hasRoom
      },
      add: (entry) => delivery.add(entry),
      torn: () => delivery.fail('spool_torn'),
    })
    this.#isAdopting = false
    for (const waiter of delivery.waiters) waiter.upTo = delivery.created
    if (delivery.waiters.size > 0) this.run()
  }

  /** Ends the request in flight; its batch stays pending. */
  stop(reason: string): void {
    this.#abort?.abort(new Error(reason))
  }

  /** Nothing is taken any more; what is pending is left to a later process, if there is a spool. */
  close(): void {
    this.stop('shutdown')
    this.#isLeft = this.#delivery.spool !== undefined
    this.#delivery.spool?.close()
  }

  /** The host has nothing left to do: one bounded flush for whatever is new since the last time, then the process may end. */
  exit(): void {
    const delivery = this.#delivery
    if (delivery.created === this.#exitedAt || delivery.pending === 0) return
    this.#exitedAt = delivery.created
    const leftMs = Math.max(0, EXIT_MS - this.#heldMs())
    if (this.#notBefore > Date.now() + leftMs) return
    void delivery.flush(leftMs).then(() => this.stop('the process ends'))
  }

  /** Tells those who wait for nothing that is pending any more. */
  settle(): void {
    const { waiters, feedback, interactions } = this.#delivery
    if (waiters.size === 0 || this.#isAdopting) return
    const orders = [feedback.head, interactions.head].map((entry) => entry?.order ?? Number.POSITIVE_INFINITY)
    const oldest = Math.min(...orders, ...this.#open.map((batch) => batch.oldest))
    for (const waiter of [...waiters]) if (waiter.upTo < oldest) waiter.settle()
  }

  /** One loop at a time; ends when nothing is pending. */
  async #loop(): Promise<void> {
    const delivery = this.#delivery
    delivery.isSending = true
    try {
      while (delivery.pending > 0 && !this.#isLeft) {
        if (this.#open.length === 0) this.#form()
        const batch = this.#open[0]
        if (batch) await this.#attempt(batch)
        if (delivery.isClosed && this.#failures > 0 && delivery.waiters.size === 0) break
      }
    } catch (error) {
      delivery.options.report('delivery_failed', 'the delivery stopped and goes on with the next event', error)
    }
    delivery.isSending = false
    this.settle()
  }

  /** Joins lines that are JSON already; hashing of binary data happens here, not in the host's call. */
  #form(): void {
    const { feedback, interactions } = this.#delivery
    const entries: Entry[] = []
    const lines: string[] = []
    let size = 0
    let oldest = Number.POSITIVE_INFINITY
    while (entries.length < BATCH_LINES) {
      const line = feedback.head ? feedback : interactions
      const entry = line.head
      if (!entry || (entries.length > 0 && size + entry.size > BATCH_BYTES)) break
      line.shift()
      const text = this.#textOf(entry)
      if (!text) continue
      lines.push(text)
      entries.push(entry)
      size += entry.size
      oldest = Math.min(oldest, entry.order)
    }
    if (entries.length > 0) this.#open.push({ entries, ndjson: lines.join('\n'), count: entries.length, oldest })
  }

  #textOf(entry: Entry): string | null {
    const { options, spool } = this.#delivery
    try {
      const text = entry.line || spool?.read(entry)
      if (text) return entry.blobs ? hashBlobs(text, entry.blobs, options.runtime) : text
      this.#delivery.drop('spool_lost', entry)
    } catch {
      this.#delivery.drop('serialise_failed', entry)
    }
    return null
  }

  async #attempt(batch: OpenBatch): Promise<void> {
    const { options, created, dropped, rejected } = this.#delivery
    const { timeoutMs } = options
    const abort = new AbortController()
    this.#abort = abort
    const timer = setTimeout(() => abort.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    const look = setInterval(() => this.#lookWhetherIdle(abort), LOOK_MS)
    unref(timer)
    unref(look)
    const counters = `created=${created}; dropped=${total(dropped)}; rejected=${total(rejected)}`
    const headers = { [CLIENT_HEADER.toLowerCase()]: `instance=${options.instance}; seq=${++this.#seq}; ${counters}` }
    let answer: TransportAnswer
    try {
      // The race: a transport that ignores its signal must not stop the delivery.
      answer = await Promise.race([
        this.#transport.send(batch, headers, abort.signal),
        new Promise<never>((_, reject) => abort.signal.addEventListener('abort', () => reject(abort.signal.reason))),
      ])
    } catch (error) {
      return await this.#retry('unreachable', `the collector cannot be reached: ${messageOf(error)}`, undefined, error)
    } finally {
      clearTimeout(timer)
      clearInterval(look)
      this.#abort = undefined
    }
    await this.#judge(batch, answer ?? { status: 0, body: null })
  }

  /** A request keeps the process alive: a host with nothing else to do waits for it no longer than for a last flush. */
  #lookWhetherIdle(abort: AbortController): void {
    this.#idleSince = isIdle() ? (this.#idleSince ?? performance.now()) : undefined
    if (this.#heldMs() >= EXIT_MS) abort.abort(new Error('the process ends'))
  }

  /** For how long the process has been alive for our request alone. */
  #heldMs(): number {
    return this.#idleSince === undefined ? 0 : performance.now() - this.#idleSince
  }

  async #judge(batch: OpenBatch, { status, body, retryAfterMs, location }: TransportAnswer): Promise<void> {
    const answer = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
    const lines = Array.isArray(answer['rejected']) ? (answer['rejected'] as RejectedLine[]) : undefined
    if (status >= 200 && status < 300) {
      // A captive portal's 200 is no acknowledgement: only the contract's answer is.
      if (typeof answer['accepted'] === 'number' && lines) return this.#settleBatch(batch, lines, null)
      return await this.#retry('bad_answer', `the collector answered ${status} with something else than the contract's`)
    }
    if (status >= 300 && status < 400) {
      const to = location ? `to ${location}` : 'elsewhere'
      return await this.#retry(
        'redirected',
        `the collector's URL redirects ${to}; give the client the URL that answers`,
      )
    }
    const code = isCode(answer['code']) ? answer['code'] : `http_${status}`
    const reason = reasonOf(answer)
    if (status === 413 && batch.count > 1) return this.#halve(batch)
    if (status === 400 || status === 413 || status === 422) {
      const message = `the collector refused ${batch.count} events with ${status} ${code}${reason}`
      this.#delivery.lastError = { code, message, at: this.#delivery.options.now() }
      return this.#settleBatch(batch, lines ?? [], code, reason)
    }
    // 401 and 403 too: a key made a moment ago is known to every collector only some seconds later.
    await this.#retry(code, `the collector answered ${status} ${code}${reason}`, retryAfterMs)
  }

  /** Takes a batch out. With `restCode`, lines that are not listed count as rejected for it; else they are sent. */
  #settleBatch(batch: OpenBatch, rejectedLines: readonly RejectedLine[], restCode: string | null, reason = ''): void {
    const delivery = this.#delivery
    this.#open.shift()
    delivery.pending -= batch.count
    for (const entry of batch.entries) delivery.bytes -= entry.bytes
    delivery.spool?.release(batch.entries)
    delivery.spool?.mark()
    const listed = rejectedLines.slice(0, batch.count).map(knownLine)
    for (const { code } of listed) this.#reject(code, 1)
    const rest = batch.count - listed.length
    if (restCode === null) {
      delivery.sent += rest
      delivery.lastError = null
    } else if (rest > 0) this.#reject(restCode, rest)
    if (listed.length > 0 || restCode !== null) {
      const first = listed[0] ? `${listed[0].code}${reasonOf(listed[0])}` : `${restCode}${reason}`
      const count = restCode === null ? listed.length : batch.count
      delivery.options.report('rejected', `the collector rejected ${count} of ${batch.count} events: ${first}`)
    }
    this.#failures = 0
    this.#exitedAt = 0
    this.#idleSince = undefined
    this.settle()
  }

  #reject(code: string, count: number): void {
    const { rejected } = this.#delivery
    rejected[code] = (rejected[code] ?? 0) + count
  }

  #halve(batch: OpenBatch): void {
    const lines = batch.ndjson.split('\n')
    const middle = batch.count >> 1
    const part = (from: number, to: number): OpenBatch => {
      const entries = batch.entries.slice(from, to)
      const oldest = Math.min(...entries.map((entry) => entry.order))
      return { entries, ndjson: lines.slice(from, to).join('\n'), count: to - from, oldest }
    }
    this.#open.splice(0, 1, part(0, middle), part(middle, batch.count))
  }

  /** Waits before the next attempt: exponential with jitter, or what the server asked for. */
  async #retry(code: string, message: string, retryAfterMs?: number, cause?: unknown): Promise<void> {
    const delivery = this.#delivery
    const asked = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)
    const capped =
      asked < (retryAfterMs ?? 0) ? `; it asks for ${secondsOf(retryAfterMs)}, ${secondsOf(asked)} are kept` : ''
    delivery.failed(code, `${message}${capped}; ${delivery.pending} events wait and will be sent again`, cause)
    const ceiling = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** this.#failures++)
    const delay = Math.max(asked, ceiling * (0.5 + Math.random() / 2))
    if (delivery.isClosed && delivery.waiters.size === 0) return
    this.#notBefore = Date.now() + asked
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
}

/** Made by the delivery once this file is loaded. */
export function createSender(delivery: Delivery): Sender {
  return new Sender(delivery)
}

function messageOf(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } } | null)?.cause?.code
  const message = error instanceof Error ? error.message : String(error)
  return cause ? `${message} (${String(cause)})` : message
}
