import type { HeldBlob } from './blobs.js'
import type { Report } from './diagnostics.js'
import type { Mappings } from './provider.js'
import type { Entry } from './queue.js'

/** What `stats()` says of a spool. */
export interface SpoolStats {
  /** Bytes on the disk. */
  bytes: number
  /** Events taken over from processes that had ended; they count as created here too. */
  adopted: number
}

/** Who takes over what ended processes have left. */
export interface Adopter {
  /** False while memory is needed for what this process makes. */
  hasRoom(): boolean
  add(entry: Entry): void
  /** A line was cut off in the middle. */
  torn(): void
}

/** A client's part of a spool. No method throws: what fails is reported, and the event stays in memory. */
export interface OpenSpool {
  /** The line with its binary data hashed: a later process has only the line. */
  hash(line: string, blobs: readonly HeldBlob[]): string
  /** Writes an event down before it is queued; its text leaves the memory if there is room for less than that. */
  take(entry: Entry, memoryLeft: number): void
  /** True while the oldest has to go. */
  isFull(): boolean
  /** The text of an entry that is not in memory; null if the disk has lost it. */
  read(entry: Entry): string | null
  /** Settled one way or the other: not to be sent by a later process. */
  release(entries: readonly Entry[]): void
  /** Writes down what was released. */
  mark(): void
  /** Takes over what ended processes have left, now and from time to time. */
  adopt(adopter: Adopter): Promise<void>
  /** Leaves what is pending to the next process. */
  close(): void
  stats(): SpoolStats
}

/** What `spool` of `@flywheel/sdk/spool` returns. */
export interface Spool {
  /** By the names that `Provider.methods` uses: with a spool no record waits for its provider's file. */
  readonly mappings: Mappings
  open(report: Report): OpenSpool
}
