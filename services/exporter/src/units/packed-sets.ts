import { type RowSets, SKETCH_LENGTH } from '@flywheel/curation'

/** Sets of rows as 32-bit numbers, one after the other, and where those of each row begin. */
export interface PackedSets {
  numbers: Int32Array
  /** Places in `numbers`. */
  starts: number[]
}

/**
 * Lengths before the sets of a row: its own, where its system prompt's are, and theirs; those of two sides or -1. The
 * sketch of its prompt follows them.
 */
const HEAD = 5
/** Numbers before those of its prompt. */
const BEFORE = HEAD + SKETCH_LENGTH
/** Among those, where its system prompt's are. */
const SYSTEM_AT = 1

/** Packs the sets of the rows of a unit. A system prompt's, which many share, stands there once. */
export function packSets(rows: readonly RowSets[]): PackedSets {
  const parts: Int32Array[] = []
  const starts: number[] = []
  const systems = new Map<Int32Array, number>()
  let length = 0
  const push = (part: Int32Array): number => {
    parts.push(part)
    length += part.length
    return length - part.length
  }
  for (const { prompt_shingles, prompt_sketch, system_shingles, features } of rows) {
    let system = systems.get(system_shingles)
    if (system === undefined) {
      system = push(system_shingles)
      systems.set(system_shingles, system)
    }
    const { chosen, rejected } = features ?? {}
    starts.push(length)
    push(
      Int32Array.of(
        prompt_shingles.length,
        system,
        system_shingles.length,
        chosen?.length ?? -1,
        rejected?.length ?? -1,
      ),
    )
    push(prompt_sketch)
    push(prompt_shingles)
    if (chosen !== undefined) push(chosen)
    if (rejected !== undefined) push(rejected)
  }
  return { numbers: joined(parts, length), starts }
}

function joined(parts: readonly Int32Array[], length: number): Int32Array {
  const numbers = new Int32Array(length)
  let at = 0
  for (const part of parts) {
    numbers.set(part, at)
    at += part.length
  }
  return numbers
}

/** Where the numbers of one row are: its own, and those of its system prompt. */
function rangesOf(numbers: Int32Array, start: number): { own: [number, number]; system: [number, number] } {
  const [prompt = 0, system = 0, systemLength = 0, chosen = 0, rejected = 0] = numbers.subarray(start, start + HEAD)
  const end = start + BEFORE + prompt + Math.max(0, chosen) + Math.max(0, rejected)
  return { own: [start, end], system: [system, system + systemLength] }
}

/** The bytes of the sets of one row, those of its system prompt last. */
export function setBytes(numbers: Int32Array, start: number): Uint8Array {
  const { own, system } = rangesOf(numbers, start)
  const parts = [numbers.subarray(...own), numbers.subarray(...system)]
  return new Uint8Array(joined(parts, parts[0]!.length + parts[1]!.length).buffer)
}

/** The same sets of some of the rows alone. */
export function keepSets({ numbers, starts }: PackedSets, rows: readonly number[]): PackedSets {
  const parts: Int32Array[] = []
  const systems = new Map<string, number>()
  const kept: number[] = []
  let length = 0
  const push = (part: Int32Array): number => {
    parts.push(part)
    length += part.length
    return length - part.length
  }
  for (const row of rows) {
    const { own, system } = rangesOf(numbers, starts[row]!)
    const known = systems.get(system.join())
    const at = known ?? push(numbers.slice(...system))
    systems.set(system.join(), at)
    const mine = numbers.slice(...own)
    mine[SYSTEM_AT] = at
    kept.push(push(mine))
  }
  return { numbers: joined(parts, length), starts: kept }
}

/** The numbers that rows have, from where to where, in their order and apart from each other. */
export function liveSets({ numbers, starts }: PackedSets): [start: number, end: number][] {
  const ranges = starts.flatMap((start) => Object.values(rangesOf(numbers, start))).sort(([a], [b]) => a - b)
  const live: [number, number][] = []
  for (const [start, end] of ranges) {
    const last = live.at(-1)
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end)
    else live.push([start, end])
  }
  return live
}

/** The sketch in the numbers of a unit, of the row that begins there. */
export function sketchIn(numbers: Int32Array, start: number): Int32Array {
  return numbers.subarray(start + HEAD, start + BEFORE)
}

/** The sets of one row, each read anew at each look. */
export class PackedRowSets implements RowSets {
  readonly #read: (from: number, length: number) => Int32Array
  readonly #base: number
  readonly #start: number

  /**
   * @param read so many numbers from a place on
   * @param base where the numbers of the row's unit begin
   * @param start where the row's begin in its unit
   */
  constructor(read: (from: number, length: number) => Int32Array, base: number, start: number) {
    this.#read = read
    this.#base = base
    this.#start = start
  }

  #head(): [prompt: number, system: number, systemLength: number, chosen: number, rejected: number] {
    const [prompt = 0, system = 0, systemLength = 0, chosen = 0, rejected = 0] = this.#read(
      this.#base + this.#start,
      HEAD,
    )
    return [prompt, system, systemLength, chosen, rejected]
  }

  get prompt_shingles(): Int32Array {
    const [prompt] = this.#head()
    return this.#read(this.#base + this.#start + BEFORE, prompt)
  }

  get prompt_sketch(): Int32Array {
    return this.#read(this.#base + this.#start + HEAD, SKETCH_LENGTH)
  }

  get system_shingles(): Int32Array {
    const [, system, length] = this.#head()
    return this.#read(this.#base + system, length)
  }

  get features(): RowSets['features'] {
    const [prompt, , , chosen, rejected] = this.#head()
    if (chosen < 0) return null
    const from = this.#base + this.#start + BEFORE + prompt
    return { chosen: this.#read(from, chosen), rejected: this.#read(from + chosen, rejected) }
  }
}
