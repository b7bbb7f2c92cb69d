import type { Change, Storage } from './storage.js'

/**
 * The greatest watermark of each group, in Unix milliseconds. It is in the file before anyone is told, and no record is
 * stamped at or before it: so it holds over a restart with a clock that has stepped back meanwhile.
 */
export class Watermarks {
  /** What may have been handed out, or is about to be. */
  readonly #raised = new Map<string, number>()
  readonly #durable = new Map<string, number>()

  constructor(storage: Storage) {
    for (const { key, value } of storage.metaUnder<number>(PREFIX)) {
      const group = decodeURIComponent(key.slice(PREFIX.length))
      this.#raised.set(group, value)
      this.#durable.set(group, value)
    }
  }

  /** Records that come from now on are stamped after it. */
  get floor(): number {
    return Math.max(0, ...this.#raised.values())
  }

  /** Raises the group's watermark, and never lowers it. @returns where it stands */
  raise(group: string, to: number): number {
    const raised = Math.max(to, this.#raised.get(group) ?? 0)
    this.#raised.set(group, raised)
    return raised
  }

  isDurable(group: string, watermark: number): boolean {
    return (this.#durable.get(group) ?? -1) >= watermark
  }

  /** What may be handed out; the epoch before the first one is in the file. */
  durable(group: string): number {
    return this.#durable.get(group) ?? 0
  }

  stage(group: string, watermark: number): { changes: Change[]; durable(): void } {
    // Of several askers in one write the last one's stands, and it is the greatest.
    return {
      changes: [{ put: 'meta', key: PREFIX + encodeURIComponent(group), value: watermark }],
      durable: () => this.#durable.set(group, Math.max(watermark, this.durable(group))),
    }
  }
}

const PREFIX = 'watermark/'
