/** A stream of numbers that its seed decides: mulberry32, which is fast and even enough for made traffic. */
export interface Random {
  /** 0 or more, below 1. */
  share(): number
  /** A whole number, 0 or more, below `limit`. */
  below(limit: number): number
  /** 32 bits. */
  bits(): number
  pick<T>(list: readonly T[]): T
  /** True with this probability. */
  is(probability: number): boolean
  /** Log-normal around its median, rounded, within bounds. */
  logNormal(median: number, sigma: number, least: number, most: number): number
  /** Zipf's law with exponent 1: a rank from 0 on, below `ranks`. */
  rank(ranks: number): number
}

/** Seeds of parts are made of numbers: equal lists give equal streams. */
export function random(...seeds: number[]): Random {
  let state = seeds.reduce((mixed, seed) => Math.imul(mixed ^ (seed >>> 0), 0x9e3779b1) ^ (mixed >>> 15), 0x51ed270b)
  const bits = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const share = (): number => bits() / 4294967296
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - share())) * Math.cos(2 * Math.PI * share())
  return {
    bits,
    share,
    below: (limit) => Math.floor(share() * limit),
    pick: (list) => list[Math.floor(share() * list.length)]!,
    is: (probability) => share() < probability,
    logNormal: (median, sigma, least, most) =>
      Math.min(most, Math.max(least, Math.round(median * Math.exp(sigma * normal())))),
    rank: (ranks) => Math.floor((ranks + 1) ** share()) - 1,
  }
}
