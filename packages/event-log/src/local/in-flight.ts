/** An append that may still become durable. */
export interface Pending {
  readonly received: number
  /** Bytes it will take in the file. */
  readonly stored: number
  /** Called once when its deadline passes. */
  expire(): void
}

const TICK_MS = 250

/**
 * Appends between the call and their end. Each one holds the watermark back, also after its caller was told
 * `append_timeout`: a write that has begun may still succeed.
 */
export class InFlight {
  readonly #clock: () => number
  readonly #limitMs: number
  readonly #pending = new Set<Pending>()
  readonly #expired = new WeakSet<Pending>()
  #timer: NodeJS.Timeout | null = null
  #stored = 0

  constructor(clock: () => number, limitMs: number) {
    this.#clock = clock
    this.#limitMs = limitMs
  }

  add(pending: Pending): void {
    this.#pending.add(pending)
    this.#stored += pending.stored
    this.#timer ??= setInterval(() => this.#expire(), TICK_MS).unref()
  }

  delete(pending: Pending): void {
    if (!this.#pending.delete(pending)) return
    this.#stored -= pending.stored
    if (this.#pending.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer)
      this.#timer = null
    }
  }

  /** Bytes that the file will grow by. */
  get storedBytes(): number {
    return this.#stored
  }

  /** Least `received_at` in milliseconds, `Infinity` if nothing is under way. */
  oldest(): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const { received } of this.#pending) oldest = Math.min(oldest, received)
    return oldest
  }

  #expire(): void {
    const before = this.#clock() - this.#limitMs
    for (const pending of [...this.#pending]) {
      if (pending.received > before || this.#expired.has(pending)) continue
      this.#expired.add(pending)
      pending.expire()
    }
  }
}
