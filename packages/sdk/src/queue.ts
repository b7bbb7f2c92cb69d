import type { HeldBlob } from './blobs.js'

/** As much as one request carries: what is more waits for no timer. */
export const BATCH_BYTES: number = 1024 * 1024

/** `LIMITS.event_bytes` of the contract, held to it by a test: the whole table would stand in the entry. */
export const MAX_EVENT_BYTES: number = 8 * 1024 * 1024

/** One event as it will travel. */
export interface Entry {
  readonly isInteraction: boolean
  /** Empty while the text stands in a spool alone. */
  line: string
  /** UTF-8 size of the line. */
  readonly size: number
  /** What it holds of the memory: its text as the engine keeps it, its blobs and its own weight. */
  bytes: number
  /** Place in the order of creation; what `flush` waits for. */
  order: number
  /** Data whose hash goes into the line when it is sent. */
  readonly blobs: readonly HeldBlob[] | undefined
  /** Where a spool keeps it. */
  at?: { readonly segment: unknown; readonly index: number; readonly offset: number }
  /** The next of its line. */
  next?: Entry | undefined
}

/** First in, first out. */
export class Line {
  head: Entry | undefined
  #tail: Entry | undefined

  push(entry: Entry): void {
    if (this.head && this.#tail) this.#tail.next = entry
    else this.head = entry
    this.#tail = entry
  }

  shift(): Entry | undefined {
    const entry = this.head
    if (entry) {
      this.head = entry.next
      // An old entry that still pointed at younger ones would keep them from a minor collection.
      entry.next = undefined
    }
    return entry
  }
}
