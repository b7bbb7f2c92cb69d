import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** Draws that a seed alone decides. */
export interface Draws {
  /** True with this probability. */
  chance(probability: number): boolean
  /** An integer from 0 up to and without `limit`. */
  below(limit: number): number
}

/** @param seed any integer */
export function createDraws(seed: number): Draws {
  const generator = xoroshiro128plus(seed)
  return {
    chance: (probability) => uniformFloat64(generator) < probability,
    below: (limit) => uniformInt(generator, 0, limit - 1),
  }
}
