import type { RowSets } from '@flywheel/curation'
import { Numbers } from './numbers.js'
import { PackedRowSets, type PackedSets } from './packed-sets.js'
import { SpillFile } from './spill-file.js'

const BYTES = Int32Array.BYTES_PER_ELEMENT

/** Sets of rows on a disk: of each row two numbers stay in memory. */
export class SetSpill {
  readonly #file: SpillFile
  /** Of each row: where its unit begins, and where it begins in the unit, counted in numbers. */
  readonly #bases = new Numbers()
  readonly #starts = new Numbers(Int32Array)
  readonly #read = (from: number, length: number): Int32Array => {
    const bytes = this.#file.read(from * BYTES, (from + length) * BYTES)
    // A copy: of its own memory, and at a place that numbers may begin at.
    return new Int32Array(Uint8Array.prototype.slice.call(bytes).buffer)
  }

  /** @param path of a new file; whoever owns the folder removes it */
  constructor(path: string) {
    this.#file = new SpillFile(path)
  }

  /** Writes the sets of a unit's rows, which follow those of the units before. */
  add({ numbers, starts }: PackedSets): void {
    const base = this.#file.length / BYTES
    this.#file.append(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
    for (const start of starts) {
      this.#bases.push(base)
      this.#starts.push(start)
    }
  }

  /** @param row in the order in which they were added */
  at(row: number): RowSets {
    return new PackedRowSets(this.#read, this.#bases.at(row), this.#starts.at(row))
  }

  close(): void {
    this.#file.close()
  }
}
