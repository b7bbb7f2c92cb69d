import type { ChatMessage } from '../prompt/chat.js'
import { sideText } from '../prompt/chat.js'
import { remember } from '../text/remember.js'
import { gramHash, wordHashes } from '../text/word-hashes.js'

/** Words of one shingle. A text with fewer is one shingle as a whole. */
const SHINGLE_WORDS = 5

/**
 * Shingles kept of one prompt: 4 KiB. A longer prompt keeps its smallest hashes, which are an even sample of it: two
 * samples estimate the Jaccard similarity of the whole with a standard error of .0125 at .8.
 */
export const MAX_SHINGLES = 1024

const SEED = 0x5eed_0001

/** Sorted, without repetition, at most `MAX_SHINGLES`: the smallest. */
function smallest(hashes: Int32Array): Int32Array {
  hashes.sort()
  let count = 0
  for (let i = 0; i < hashes.length && count < MAX_SHINGLES; i++) {
    if (i === 0 || hashes[i] !== hashes[i - 1]) hashes[count++] = hashes[i]!
  }
  return hashes.slice(0, count)
}

// A system prompt is that of many rows, and a question is often all of its prompt.
const shinglesIn = remember((text): Int32Array => {
  const words = wordHashes(text, SEED)
  if (words.length === 0) return new Int32Array(0)
  const size = Math.min(SHINGLE_WORDS, words.length)
  const hashes = new Int32Array(words.length - size + 1)
  for (let at = 0; at < hashes.length; at++) hashes[at] = gramHash(words, at, size)
  return smallest(hashes)
})

function shinglesOf(messages: readonly ChatMessage[]): Int32Array {
  return shinglesIn(messages.map((message) => sideText(message)).join('\n'))
}

/**
 * Hashes of the word 5-grams of a prompt, sorted: what near-duplicates are found by. The system prompt does not count:
 * one that all rows share would make short questions alike. A prompt without a word has none and is nobody's duplicate.
 * What is returned may be another prompt's too, so nobody may change it.
 */
export function promptShingles(prompt: readonly ChatMessage[]): Int32Array {
  return shinglesOf(prompt.filter(({ role }) => role !== 'system'))
}

/** The same of the system prompt alone: what a row's own document is told from a template by. */
export function systemShingles(prompt: readonly ChatMessage[]): Int32Array {
  return shinglesOf(prompt.filter(({ role }) => role === 'system'))
}

/**
 * Jaccard similarity of two sorted sets of hashes, 0 to 1. Of samples (see `MAX_SHINGLES`) only the part up to the
 * smaller of the two last hashes is compared, because beyond it one side has forgotten what it held.
 */
export function jaccard(a: Int32Array, b: Int32Array): number {
  let end = Number.POSITIVE_INFINITY
  for (const set of [a, b]) if (set.length === MAX_SHINGLES) end = Math.min(end, set[MAX_SHINGLES - 1]!)
  let common = 0
  let union = 0
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const x = i < a.length ? a[i]! : Number.POSITIVE_INFINITY
    const y = j < b.length ? b[j]! : Number.POSITIVE_INFINITY
    if (Math.min(x, y) > end) break
    union++
    if (x === y) common++
    if (x <= y) i++
    if (y <= x) j++
  }
  return union === 0 ? 0 : common / union
}
