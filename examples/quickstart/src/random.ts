import { randomLcg, randomLogNormal, randomNormal, randomPoisson } from 'd3-random'

/** Draws of one person or one model: the same seed gives the same draws, whatever else runs beside it. */
export interface Draws {
  /** True with probability `p`. */
  chance(p: number): boolean
  /** An element, each as likely. */
  pick<T>(from: readonly T[]): T
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number
  poisson(mean: number): number
  normal(mean: number, deviation: number): number
  logNormal(median: number, sigma: number): number
}

/** @param seed any text or number; text is hashed (FNV-1a) */
export function createDraws(seed: string | number): Draws {
  const source = randomLcg(typeof seed === 'number' ? seed : fnv1a(seed))
  // the first draws of a linear congruential generator follow its seed
  for (let i = 0; i < 8; i += 1) source()
  const below = (limit: number): number => Math.min(limit - 1, Math.floor(source() * limit))
  return {
    chance: (p) => source() < p,
    pick: (from) => from[below(from.length)] as (typeof from)[number],
    below,
    poisson: (mean) => randomPoisson.source(source)(mean)(),
    normal: (mean, deviation) => randomNormal.source(source)(mean, deviation)(),
    logNormal: (median, sigma) => randomLogNormal.source(source)(Math.log(median), sigma)(),
  }
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0) / 2 ** 32
}
