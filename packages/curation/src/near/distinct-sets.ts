import { Sketches, sketchOf } from './sketch.js'

/** Sets of hashes, each sorted: a list of them, or what reads them from a disk one at a time. */
export interface ShingleSets {
  readonly length: number
  at(place: number): Int32Array | undefined
  /** The sketch of each, where somebody has made it already. @default made of the set */
  sketchAt?(place: number): Int32Array
}

/** Sets with the places they came from. */
export class DistinctSets implements ShingleSets {
  readonly #sets: ShingleSets
  readonly #sketches: Sketches
  readonly #places: Int32Array
  /** Where the places of each begin, and after the last, where they end. */
  readonly #starts: number[]

  /** @param places those of equal sets one after the other */
  constructor(sets: ShingleSets, sketches: Sketches, places: Int32Array, starts: number[]) {
    this.#sets = sets
    this.#sketches = sketches
    this.#places = places
    this.#starts = starts
  }

  get length(): number {
    return this.#starts.length - 1
  }

  at(node: number): Int32Array {
    return this.#sets.at(this.#firstOf(node))!
  }

  /** Hash of one band of the MinHash of a set. */
  bandOf(node: number, band: number): number {
    return this.#sketches.bandOf(this.#firstOf(node), band)
  }

  placesOf(node: number): number[] {
    return [...this.#places.subarray(this.#starts[node]!, this.#starts[node + 1]!)]
  }

  #firstOf(node: number): number {
    return this.#places[this.#starts[node]!]!
  }
}

/** Distinct non-empty sets, in an order that their content alone gives. */
export function distinct(sets: ShingleSets): DistinctSets {
  const { length } = sets
  const sketches = new Sketches(length, (place) => sets.sketchAt?.(place) ?? sketchOf(sets.at(place)!))
  const keys = Float64Array.from({ length }, (_, place) => sketches.keyOf(place))
  const places = Int32Array.from(keys.keys())
    .filter((place) => keys[place]! >= 0)
    .sort((a, b) => keys[a]! - keys[b]! || sketches.compare(a, b) || a - b)
  const starts: number[] = []
  for (let at = 0; at < places.length; at++) {
    if (at === 0 || sketches.compare(places[at - 1]!, places[at]!) !== 0) starts.push(at)
  }
  starts.push(places.length)
  return new DistinctSets(sets, sketches, places, starts)
}
