import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/** Bytes read at a time where one piece is read after the other. */
const AHEAD = 1 << 18
/** Bytes that may be left out between two pieces that are still read one after the other. */
const GAP = 1 << 13
/** Pieces read one after the other before it is taken for a habit. */
const HABIT = 3

/** A file that is appended to and read at any place. */
export class SpillFile {
  readonly #file: number
  #length = 0
  #ahead: Buffer = Buffer.alloc(0)
  #aheadAt = 0
  #next = 0
  #run = 0

  /** @param path of a new file; whoever owns the folder removes it */
  constructor(path: string) {
    this.#file = openSync(path, 'wx+', 0o600)
  }

  /** Where what is appended next begins, in bytes. */
  get length(): number {
    return this.#length
  }

  append(bytes: Uint8Array): void {
    let written = 0
    while (written < bytes.length) {
      written += writeSync(this.#file, bytes, written, bytes.length - written, this.#length + written)
    }
    this.#length += bytes.length
  }

  /**
   * What stands from `start` to `end`. Whoever reads one piece after the other is read ahead for.
   * @returns bytes that the next call may overwrite
   */
  read(start: number, end: number): Buffer {
    this.#run = start >= this.#next && start - this.#next < GAP ? this.#run + 1 : 0
    const isAhead = start >= this.#aheadAt && end <= this.#aheadAt + this.#ahead.length
    if (!isAhead) {
      const wanted = this.#run >= HABIT ? Math.max(end, Math.min(start + AHEAD, this.#length)) : end
      this.#ahead = this.#readWhole(start, wanted)
      this.#aheadAt = start
    }
    this.#next = end
    return this.#ahead.subarray(start - this.#aheadAt, end - this.#aheadAt)
  }

  #readWhole(start: number, end: number): Buffer {
    const bytes = Buffer.allocUnsafe(end - start)
    let read = 0
    while (read < bytes.length) {
      const count = readSync(this.#file, bytes, read, bytes.length - read, start + read)
      if (count === 0) throw new Error('a spilled row is not there; let nothing else write to the exports folder')
      read += count
    }
    return bytes
  }

  close(): void {
    closeSync(this.#file)
  }
}
