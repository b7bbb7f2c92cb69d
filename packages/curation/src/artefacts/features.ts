import type { ChatMessage } from '../prompt/chat.js'
import { hash32 } from '../text/hash32.js'
import { comparable } from '../text/normalise.js'

/** Characters of a side's beginning and of its end that count. */
const READ_CHARS = 4000
const MAX_WORDS = 48

/** What a text looks like, whatever it says. */
const LOOKS: readonly RegExp[] = [
  /^\s*[-*\u2022] /m,
  /^\s*\d+[.)] /m,
  /\*\*[^*\n]/,
  /^#{1,6} /m,
  /```/,
  /\p{Extended_Pictographic}/u,
  /\u2014/,
  /!/,
  /\?/,
  /\n\n/,
  /[\u2018\u2019\u201c\u201d]/,
  / {2}/,
  /\.\.\.|\u2026/,
  /;/,
  /:\n/,
  /\(/,
]

/** Runs of letters and digits of a text in lower case; the tables of Unicode are asked only where it holds more than ASCII. */
function wordsIn(text: string): readonly string[] {
  return text.match(/[\u0080-\uffff]/.test(text) ? /[\p{L}\p{N}]+/gu : /[a-z0-9]+/g) ?? []
}

/**
 * A bag of features of one side, as sorted 32-bit hashes, about 300 bytes however long the text: a sample of its words
 * that is the same for the same words, its first and last words, its first and last character, its length in powers of
 * two, lists, headings and the like. From it nobody can read the text.
 */
export function sideFeatures({ content, tool_calls }: ChatMessage): Int32Array {
  const isLong = content.length > 2 * READ_CHARS
  const text = isLong ? `${content.slice(0, READ_CHARS)}\n${content.slice(-READ_CHARS)}` : content
  const folded = comparable(text)
  const words = wordsIn(folded.toLowerCase())
  const features = new Set<number>()
  const add = (kind: string, value: string | number): void => {
    features.add(hash32(`${kind} ${value}`))
  }
  const bag = Int32Array.from([...new Set(words)], (word) => hash32(word, 'word ')).sort()
  for (const word of bag.subarray(0, MAX_WORDS)) features.add(word)
  add('first', words[0] ?? '')
  add('second', words[1] ?? '')
  add('last', words.at(-1) ?? '')
  add('before last', words.at(-2) ?? '')
  add('begins', folded.slice(0, 1))
  add('ends', folded.slice(-1))
  add('length', Math.floor(Math.log2(1 + content.length)))
  add('calls', tool_calls?.length ?? 0)
  for (const look of LOOKS) if (look.test(text)) add('looks', look.source)
  return Int32Array.from(features).sort()
}
