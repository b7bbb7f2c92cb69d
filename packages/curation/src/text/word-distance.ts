import { editOperations } from './edit-operations.js'
import { comparable } from './normalise.js'
import { remember } from './remember.js'

/** Above this many cells the exact distance is replaced by the bag distance, a lower bound in linear time. */
const MAX_CELLS = 25_000_000

const words = remember((text): readonly string[] => {
  const folded = comparable(text)
  return folded === '' ? [] : folded.split(' ')
})

function bagDistance(a: readonly string[], b: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const word of a) counts.set(word, (counts.get(word) ?? 0) + 1)
  let common = 0
  for (const word of b) {
    const left = counts.get(word) ?? 0
    if (left > 0) {
      counts.set(word, left - 1)
      common++
    }
  }
  return Math.max(a.length, b.length) - common
}

/**
 * Word edit distance over the longer text, 0 (alike) to 1. Levenshtein up to 25 million cells; beyond, the bag
 * distance, which is never larger, so that an output of megabytes cannot stall an export.
 */
export function wordDistance(served: string, kept: string): number {
  let a = words(served)
  let b = words(kept)
  const longest = Math.max(a.length, b.length)
  if (longest === 0) return 0
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++
  a = a.slice(start, a.length - end)
  b = b.slice(start, b.length - end)
  const edits = a.length * b.length > MAX_CELLS ? bagDistance(a, b) : editOperations(a, b)
  return edits / longest
}

/** Share of the kept text's word trigrams that stand in the served text; of its words where it has fewer than three. */
export function containment(served: string, kept: string): number {
  const size = words(kept).length < 3 ? 1 : 3
  const grams = (text: string): string[] => {
    const list = words(text)
    return list.slice(0, Math.max(0, list.length - size + 1)).map((_, i) => list.slice(i, i + size).join(' '))
  }
  const known = new Set(grams(served))
  const mine = grams(kept)
  if (mine.length === 0) return 0
  return mine.filter((gram) => known.has(gram)).length / mine.length
}

/** Number of words, as the distance counts them. */
export function wordCount(text: string): number {
  return words(text).length
}

/**
 * What a correction tells, in characters: those of the words that the kept text has and the served text has not, each as
 * often as it was added. A stand-in for the compressed size of the kept text given the served text, whose bytes differ
 * from one zlib to the next.
 */
export function correctionInformation(served: string, kept: string): number {
  const known = new Map<string, number>()
  for (const word of words(served)) known.set(word, (known.get(word) ?? 0) + 1)
  let characters = 0
  for (const word of words(kept)) {
    const left = known.get(word) ?? 0
    if (left > 0) known.set(word, left - 1)
    else characters += word.length
  }
  return characters
}
