import type { RowSets } from '@flywheel/curation'
import { PackedRowSets, type PackedSets } from './packed-sets.js'
import { SpillFile } from './spill-file.js'

const BYTES = Int32Array.BYTES_PER_ELEMENT

/** Sets of rows on a disk: of each row a few numbers stay in memory. */
export class SetSpill {
  readonly #file: SpillFile
  readonly #read = (from: number, length: number): Int32Array => {
    const bytes = this.#file.read(from * BYTES, (from + length) * BYTES)
    // A copy: of its own memory, and at a place that numbers may begin at.
    return new Int32Array(Uint8Array.prototype.slice.call(bytes).buffer)
  }

  /** @param path of a new file; whoever owns the folder removes it */
  constructor(path: string) {
    this.#file = new SpillFile(path)
  }

  /** Writes the sets of a unit's rows. */
  add({ numbers, starts }: PackedSets): RowSets[] {
    const base = this.#file.length / BYTES
    this.#file.append(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
    return starts.map((start) => new PackedRowSets(this.#read, base, start))
  }

  close(): void {
    this.#file.close()
  }
}
