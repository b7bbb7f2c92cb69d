import { mix32 } from '../text/word-hashes.js'

/** Permutations of a sketch. */
export const PERMUTATIONS = 128

/**
 * 21 bands of 6: two sets with a Jaccard similarity of .8 share a band with a probability of .998, of .5 with .28.
 * What shares one is compared in full, so that bands decide only what is looked at.
 */
export const BANDS = 21
const BAND_ROWS = 6

// Fixed: another seed would be another set of near-duplicates.
const MULTIPLIERS: Int32Array = Int32Array.from({ length: PERMUTATIONS }, (_, i) => mix32(0x9e3779b9 + 2 * i) | 1)
const OFFSETS: Int32Array = Int32Array.from({ length: PERMUTATIONS }, (_, i) => mix32(0x7f4a7c15 + 2 * i + 1))

/** Writes the MinHash of a set of hashes into `sketch`, `PERMUTATIONS` numbers. */
export function minHash(shingles: Int32Array, sketch: Int32Array): void {
  sketch.fill(0x7fffffff)
  for (let s = 0; s < shingles.length; s++) {
    const hash = shingles[s]!
    for (let i = 0; i < PERMUTATIONS; i++) {
      const value = (Math.imul(hash, MULTIPLIERS[i]!) + OFFSETS[i]!) | 0
      if (value < sketch[i]!) sketch[i] = value
    }
  }
}

/** Writes one hash a band of a sketch into `bands` from `at` on. */
export function bandHashes(sketch: Int32Array, bands: Int32Array, at: number): void {
  for (let band = 0; band < BANDS; band++) {
    let hash = band
    for (let row = 0; row < BAND_ROWS; row++) {
      hash = mix32(Math.imul(hash, 0x01000193) ^ sketch[band * BAND_ROWS + row]!)
    }
    bands[at + band] = hash
  }
}
