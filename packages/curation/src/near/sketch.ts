import { hash } from 'node:crypto'
import { BANDS, bandHashes, minHash, PERMUTATIONS } from './min-hash.js'

/** Numbers that say which set it is: the first 128 bits of the SHA-256 of its numbers. */
const IDENTITY = 4

/** Numbers of one sketch. */
export const SKETCH_LENGTH: number = IDENTITY + BANDS

/**
 * What stands for a set of hashes where near-duplicates are looked for: which set it is, then a hash of each band of its
 * MinHash. Only zeros for the empty set, which is like no other.
 */
export function sketchOf(shingles: Int32Array): Int32Array {
  const sketch = new Int32Array(SKETCH_LENGTH)
  if (shingles.length === 0) return sketch
  const bytes = new Uint8Array(shingles.buffer, shingles.byteOffset, shingles.byteLength)
  const digest = hash('sha256', bytes, 'buffer')
  for (let at = 0; at < IDENTITY; at++) sketch[at] = digest.readInt32BE(at * Int32Array.BYTES_PER_ELEMENT)
  const permuted = new Int32Array(PERMUTATIONS)
  minHash(shingles, permuted)
  bandHashes(permuted, sketch, IDENTITY)
  return sketch
}

/** Sketches of a list of sets, in one piece of memory. */
export class Sketches {
  readonly #numbers: Int32Array

  /** @param at the sketch of each place */
  constructor(length: number, at: (place: number) => Int32Array) {
    this.#numbers = new Int32Array(length * SKETCH_LENGTH)
    for (let place = 0; place < length; place++) this.#numbers.set(at(place), place * SKETCH_LENGTH)
  }

  /** 53 bits of which set it is; -1 for the empty one. */
  keyOf(place: number): number {
    const at = place * SKETCH_LENGTH
    if (this.#numbers.subarray(at, at + IDENTITY).every((part) => part === 0)) return -1
    return (this.#numbers[at]! >>> 0) * 2 ** 21 + (this.#numbers[at + 1]! >>> 11)
  }

  /** Orders two places by which sets they hold: 0 for the same one. */
  compare(a: number, b: number): number {
    for (let i = 0; i < IDENTITY; i++) {
      const difference = this.#numbers[a * SKETCH_LENGTH + i]! - this.#numbers[b * SKETCH_LENGTH + i]!
      if (difference !== 0) return difference
    }
    return 0
  }

  bandOf(place: number, band: number): number {
    return this.#numbers[place * SKETCH_LENGTH + IDENTITY + band]!
  }
}
