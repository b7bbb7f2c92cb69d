import { type RowSets, SKETCH_LENGTH } from '@flywheel/curation'
import { Numbers } from './numbers.js'
import { PackedRowSets, type PackedSets, sketchIn } from './packed-sets.js'
import { SpillFile } from './spill-file.js'

const BYTES = Int32Array.BYTES_PER_ELEMENT

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Reads so many numbers of a file, from a place on. */
function readNumbers(file: SpillFile, from: number, length: number): Int32Array {
  const bytes = file.read(from * BYTES, (from + length) * BYTES)
  // A copy: of its own memory, and at a place that numbers may begin at.
  return new Int32Array(Uint8Array.prototype.slice.call(bytes).buffer)
}

/** Sets of rows on a disk: of each row two numbers stay in memory. */
export class SetSpill {
  readonly #file: SpillFile
  /** Sketches once more, one after the other: whoever looks for near-duplicates reads those of all rows, and few sets. */
  readonly #sketches: SpillFile
  /** Of each row: where its unit begins, and where it begins in the unit, counted in numbers. */
  readonly #bases = new Numbers()
  readonly #starts = new Numbers(Int32Array)
  readonly #read = (from: number, length: number): Int32Array => readNumbers(this.#file, from, length)

  /** @param path of a new file, and of another beside it; whoever owns the folder removes them */
  constructor(path: string) {
    this.#file = new SpillFile(path)
    this.#sketches = new SpillFile(`${path}-sketches`)
  }

  /** Writes the sets of a unit's rows, which follow those of the units before. */
  add({ numbers, starts }: PackedSets): void {
    const base = this.#file.length / BYTES
    this.#file.append(bytesOf(numbers))
    const sketches = new Int32Array(starts.length * SKETCH_LENGTH)
    for (const [row, start] of starts.entries()) {
      this.#bases.push(base)
      this.#starts.push(start)
      sketches.set(sketchIn(numbers, start), row * SKETCH_LENGTH)
    }
    this.#sketches.append(bytesOf(sketches))
  }

  /** @param row in the order in which they were added */
  at(row: number): RowSets {
    return new SpilledRowSets(this.#read, this.#bases.at(row), this.#starts.at(row), () => this.#sketchAt(row))
  }

  #sketchAt(row: number): Int32Array {
    return readNumbers(this.#sketches, row * SKETCH_LENGTH, SKETCH_LENGTH)
  }

  close(): void {
    this.#file.close()
    this.#sketches.close()
  }
}

/** The same with the sketch read where all of them stand together. */
class SpilledRowSets extends PackedRowSets {
  readonly #sketch: () => Int32Array

  constructor(
    read: (from: number, length: number) => Int32Array,
    base: number,
    start: number,
    sketch: () => Int32Array,
  ) {
    super(read, base, start)
    this.#sketch = sketch
  }

  override get prompt_sketch(): Int32Array {
    return this.#sketch()
  }
}
