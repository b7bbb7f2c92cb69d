import { gramHash, wordHashes } from '../text/word-hashes.js'

/** A registered evaluation set, as texts: everything of an item that a training row may not repeat. */
export interface EvaluationSet {
  name: string
  items: readonly string[]
}

/** Evaluation sets prepared for look-ups. */
export interface EvaluationIndex {
  /** Items of each set, and those that are too short to be told from chance. */
  readonly sets: readonly { name: string; items: number; too_short: number }[]
  /** Name of a set of which the texts of one row repeat an item; undefined for none, of several the first by name. */
  match(texts: readonly string[]): string | undefined
}

const GRAM_WORDS = 8
/** Items below this stand in any text by chance. */
const MIN_WORDS = 4

/**
 * Two independent 32-bit hashes as one number of 53 bits: among a million grams of evaluation sets a row of a thousand
 * words meets one by chance once in nine million.
 */
function grams(text: string, sizes: Iterable<number>): Map<number, number[]> {
  const low = wordHashes(text, 0x5eed_0002)
  const high = wordHashes(text, 0x5eed_0003)
  const bySize = new Map<number, number[]>()
  for (const size of sizes) {
    const hashes = Array.from(
      { length: Math.max(0, low.length - size + 1) },
      (_, at) => (gramHash(high, at, size) >>> 0) * 0x200000 + (gramHash(low, at, size) >>> 11),
    )
    bySize.set(size, hashes)
  }
  return bySize
}

/**
 * Prepares evaluation sets. A row repeats an item where it holds at least `overlap` of the item's distinct 8-grams of
 * words; an item of four to seven words is one gram. Some 100 bytes a gram of the sets are held.
 */
export function evaluationIndex(sets: readonly EvaluationSet[], overlap: number): EvaluationIndex {
  const sizes = new Set<number>()
  const itemsOf = new Map<number, number[]>()
  const needed: number[] = []
  const nameOf: string[] = []
  const sorted = [...sets].sort((a, b) => (a.name < b.name ? -1 : 1))
  const counts = sorted.map(({ name, items }) => {
    let too_short = 0
    for (const item of items) {
      const words = wordHashes(item, 0).length
      if (words < MIN_WORDS) {
        too_short++
        continue
      }
      const size = Math.min(GRAM_WORDS, words)
      sizes.add(size)
      const mine = new Set(grams(item, [size]).get(size))
      const number = needed.push(Math.max(1, Math.ceil(mine.size * overlap))) - 1
      nameOf.push(name)
      for (const gram of mine) {
        const known = itemsOf.get(gram)
        if (known === undefined) itemsOf.set(gram, [number])
        else known.push(number)
      }
    }
    return { name, items: items.length, too_short }
  })

  function match(texts: readonly string[]): string | undefined {
    const seen = new Set<number>()
    for (const text of texts) for (const list of grams(text, sizes).values()) for (const gram of list) seen.add(gram)
    const hits = new Map<number, number>()
    let first: number | undefined
    for (const gram of seen) {
      for (const item of itemsOf.get(gram) ?? []) {
        const count = (hits.get(item) ?? 0) + 1
        hits.set(item, count)
        if (count >= needed[item]! && (first === undefined || item < first)) first = item
      }
    }
    return first === undefined ? undefined : nameOf[first]
  }

  return { sets: counts, match }
}
