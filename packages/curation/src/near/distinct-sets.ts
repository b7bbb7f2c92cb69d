import { mix32 } from '../text/word-hashes.js'

function compareSets(a: Int32Array, b: Int32Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

/** Sets of hashes, each sorted: a list of them, or what reads them from a disk one at a time. */
export interface ShingleSets {
  readonly length: number
  at(place: number): Int32Array | undefined
}

/** 53 bits of what a set holds: the same for the same set. */
function keyOf(set: Int32Array): number {
  let high = set.length
  let low = 0x5bd1e995
  for (let i = 0; i < set.length; i++) {
    high = mix32(high ^ set[i]!)
    low = mix32(Math.imul(low, 0x01000193) ^ set[i]!)
  }
  return (high >>> 0) * 2 ** 21 + (low >>> 11)
}

/** Sets with the places they came from. */
export class DistinctSets implements ShingleSets {
  readonly #sets: ShingleSets
  readonly #places: Int32Array
  /** Where the places of each begin, and after the last, where they end. */
  readonly #starts: number[]

  /** @param places those of equal sets one after the other */
  constructor(sets: ShingleSets, places: Int32Array, starts: number[]) {
    this.#sets = sets
    this.#places = places
    this.#starts = starts
  }

  get length(): number {
    return this.#starts.length - 1
  }

  at(node: number): Int32Array {
    return this.#sets.at(this.#places[this.#starts[node]!]!)!
  }

  placesOf(node: number): number[] {
    return [...this.#places.subarray(this.#starts[node]!, this.#starts[node + 1]!)]
  }
}

/** Distinct non-empty sets, in an order that their content alone gives. */
export function distinct(sets: ShingleSets): DistinctSets {
  const keys = new Float64Array(sets.length)
  for (let i = 0; i < keys.length; i++) {
    const set = sets.at(i)!
    keys[i] = set.length === 0 ? -1 : keyOf(set)
  }
  const places = Int32Array.from(keys.keys())
    .filter((i) => keys[i]! >= 0)
    .sort((a, b) => keys[a]! - keys[b]! || a - b)
  const starts: number[] = []
  for (let from = 0; from < places.length; ) {
    let to = from + 1
    while (to < places.length && keys[places[to]!] === keys[places[from]!]) to++
    starts.push(from)
    if (to > from + 1) starts.push(...splitUnequal(sets, places.subarray(from, to)).map((at) => from + at))
    from = to
  }
  starts.push(places.length)
  return new DistinctSets(sets, places, starts)
}

/** Where, among places of one key, another set begins: nowhere, but for a collision, by which the places are sorted. */
function splitUnequal(sets: ShingleSets, places: Int32Array): number[] {
  const first = sets.at(places[0]!)!
  if (places.every((place) => compareSets(first, sets.at(place)!) === 0)) return []
  places.sort((a, b) => compareSets(sets.at(a)!, sets.at(b)!) || a - b)
  const found: number[] = []
  for (let at = 1; at < places.length; at++) {
    if (compareSets(sets.at(places[at - 1]!)!, sets.at(places[at]!)!) !== 0) found.push(at)
  }
  return found
}
