import type { EventType } from '@flywheel/schema/wire'
import type { HeldBlob } from './blobs.js'

/** One event as it will travel. */
export interface Entry {
  readonly type: EventType
  readonly id: string
  readonly line: string
  /** UTF-8 size of the line with what its blobs hold, plus the entry's own weight. */
  readonly bytes: number
  /** Place in the order of creation; what `flush` waits for. */
  readonly order: number
  /** Data whose hash goes into the line when it is sent. */
  readonly blobs: readonly HeldBlob[] | undefined
}

/** First in, first out, without moving what stands behind the head. */
class Line {
  #entries: Entry[] = []
  #head = 0

  push(entry: Entry): void {
    this.#entries.push(entry)
  }

  peek(): Entry | undefined {
    return this.#entries[this.#head]
  }

  shift(): Entry | undefined {
    const entry = this.#entries[this.#head]
    if (entry && ++this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    } else if (entry) {
      // A dropped or sent entry must not be held until the next compaction.
      this.#entries[this.#head - 1] = undefined as never
    }
    return entry
  }
}

/**
 * Events not yet in a batch, bounded in bytes by its user. Feedback, links and consents are kept longest and leave
 * first, because a correction is worth more than a call.
 */
export class Queue {
  readonly #interactions = new Line()
  readonly #feedback = new Line()
  bytes = 0
  count = 0

  push(entry: Entry): void {
    ;(entry.type === 'interaction' ? this.#interactions : this.#feedback).push(entry)
    this.bytes += entry.bytes
    this.count++
  }

  /** The next to send. */
  peek(): Entry | undefined {
    return this.#feedback.peek() ?? this.#interactions.peek()
  }

  shift(): Entry | undefined {
    return this.#left(this.#feedback.shift() ?? this.#interactions.shift())
  }

  /** The one to give up: the oldest interaction, and feedback only when no interaction is left. */
  drop(): Entry | undefined {
    return this.#left(this.#interactions.shift() ?? this.#feedback.shift())
  }

  /** The order of the oldest entry, Infinity when empty. */
  oldest(): number {
    const [a, b] = [this.#interactions.peek(), this.#feedback.peek()]
    return Math.min(a ? a.order : Number.POSITIVE_INFINITY, b ? b.order : Number.POSITIVE_INFINITY)
  }

  #left(entry: Entry | undefined): Entry | undefined {
    if (entry) {
      this.bytes -= entry.bytes
      this.count--
    }
    return entry
  }
}
