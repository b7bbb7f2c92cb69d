/** A stream of numbers that a seed decides: the same plan, sizes and moments at every run. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number
  /** True so often. */
  chance(share: number): boolean
  pick<Choice>(choices: readonly Choice[]): Choice
  shuffle<Card>(cards: readonly Card[]): Card[]
  bytes(length: number): Uint8Array
  /** A stream of its own, so that what one client draws does not shift what another does. */
  fork(name: string): Random
}

/** splitmix32 over a hash of the seed's text. */
export function createRandom(seed: string): Random {
  let state = hash(seed)
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  return {
    next,
    integer,
    chance: (share) => next() < share,
    pick: (choices) => choices[integer(0, choices.length - 1)]!,
    shuffle: (cards) => {
      const shuffled = [...cards]
      for (let at = shuffled.length - 1; at > 0; at--) {
        const other = integer(0, at)
        ;[shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!]
      }
      return shuffled
    },
    bytes: (length) => Uint8Array.from({ length }, () => integer(0, 255)),
    fork: (name) => createRandom(`${seed}/${name}`),
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0)!, 0x01000193)
  return value | 0
}
