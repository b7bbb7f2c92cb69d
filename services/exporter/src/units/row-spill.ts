import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import type { Facts, RowTexts } from '@flywheel/curation'

/** Texts of rows on a disk: of each row only a number stays in memory. */
export class RowSpill {
  readonly #file: number
  #ends = new Float64Array(1024)
  #count = 0
  #length = 0

  /** @param path of a new file; whoever owns the folder removes it */
  constructor(path: string) {
    this.#file = openSync(path, 'wx+', 0o600)
  }

  /** Writes texts one after the other and puts their places into the facts. */
  add(facts: readonly Facts[], texts: Uint8Array, ends: readonly number[]): void {
    let written = 0
    while (written < texts.length) {
      written += writeSync(this.#file, texts, written, texts.length - written, this.#length + written)
    }
    facts.forEach((each, index) => {
      each.place = this.#push(this.#length + ends[index]!)
    })
    this.#length += texts.length
  }

  #push(end: number): number {
    if (this.#count === this.#ends.length) {
      const larger = new Float64Array(this.#count * 2)
      larger.set(this.#ends)
      this.#ends = larger
    }
    this.#ends[this.#count] = end
    return this.#count++
  }

  read({ place }: Facts): RowTexts {
    if (place === undefined) throw new Error('facts of a row that was not spilled')
    const start = place === 0 ? 0 : this.#ends[place - 1]!
    const bytes = Buffer.allocUnsafe(this.#ends[place]! - start)
    let read = 0
    while (read < bytes.length) {
      const count = readSync(this.#file, bytes, read, bytes.length - read, start + read)
      if (count === 0) throw new Error('a spilled row is not there; let nothing else write to the exports folder')
      read += count
    }
    return JSON.parse(bytes.toString('utf8')) as RowTexts
  }

  close(): void {
    closeSync(this.#file)
  }
}
