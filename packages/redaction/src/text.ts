import { type Detector, type Found, findAll } from './detector.js'
import type { Placeholder } from './numbering.js'

/** Texts within texts: JSON in a tool's arguments, and JSON in that. */
const MAX_DEPTH = 4

/** What stands between the strings of JSON nearly everywhere. */
const PUNCTUATION = /^[\s{}[\],:]*$/

/** Puts placeholders in a text. */
export type RedactText = (text: string) => string

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The place of the quote that ends a string literal, or -1. Each character is looked at once. */
function literalEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0
    while (quote - slashes > start && text[quote - slashes - 1] === '\\') slashes++
    if (slashes % 2 === 0) return quote
  }
  return -1
}

/** The number of which `start` to `end` is a part. */
function wholeNumber(text: string, start: number, end: number): [number, number] {
  let [from, to] = [start, end]
  while (from > 0 && /[-+.\deE]/.test(text[from - 1] as string)) from--
  while (to < text.length && /[-+.\deE]/.test(text[to] as string)) to++
  return [from, to]
}

/** The inside of a string literal as text, or null where it is none, such as one cut off in an escape. */
function decoded(inside: string): string | null {
  try {
    return JSON.parse(`"${inside}"`) as string
  } catch {
    return null
  }
}

/** Finds what is to be replaced in one text, in order and without overlaps: `findAll` of some detectors, or what remembers it. */
export type Find = (text: string) => readonly Found[]

/**
 * Redacts texts. One that looks like JSON is redacted string by string, each read without its escapes: what is not
 * replaced keeps its spelling to the letter, and valid JSON stays valid, also where a number becomes a placeholder.
 */
export function createRedactText(detectors: readonly Detector[] | Find, placeholder: Placeholder): RedactText {
  const find: Find = typeof detectors === 'function' ? detectors : (text) => findAll(detectors, text)

  function plain(text: string, isQuoted = false): string {
    const spans = find(text)
    if (spans.length === 0) return text
    let redacted = ''
    let at = 0
    for (const { start, end, name, value } of spans) {
      if (start < at) continue
      const replacement = placeholder(name, value)
      if (isQuoted) {
        // Between strings stands a number: it is replaced whole, by a string.
        const [from, to] = wholeNumber(text, start, end)
        redacted += `${text.slice(at, Math.max(at, from))}"${replacement}"`
        at = to
      } else {
        redacted += text.slice(at, start) + replacement
        at = end
      }
    }
    return redacted + text.slice(at)
  }

  function inside(literal: string, depth: number): string {
    if (literal === '') return ''
    const text = literal.includes('\\') ? decoded(literal) : literal
    if (text === null) return plain(literal)
    const redacted = redact(text, depth + 1)
    if (redacted === text) return literal
    return text === literal ? redacted : JSON.stringify(redacted).slice(1, -1)
  }

  function json(text: string, depth: number, isQuoted: boolean): string {
    let redacted = ''
    let at = 0
    let isChanged = false
    const between = (from: number, to?: number) => {
      const piece = text.slice(from, to)
      if (PUNCTUATION.test(piece)) return piece
      const replaced = plain(piece, isQuoted)
      if (replaced !== piece) isChanged = true
      return replaced
    }
    for (let open = text.indexOf('"'); open >= 0; open = text.indexOf('"', at)) {
      redacted += between(at, open)
      const close = literalEnd(text, open + 1)
      const literal = text.slice(open + 1, close < 0 ? undefined : close)
      redacted += `"${inside(literal, depth)}`
      at = text.length
      if (close < 0) break
      redacted += '"'
      at = close + 1
    }
    redacted += between(at)
    // Quotes of ours are for what was JSON; in prose with quotes of its own they would be noise.
    return isQuoted && isChanged && !isJson(text) ? json(text, depth, false) : redacted
  }

  function redact(text: string, depth: number): string {
    return depth < MAX_DEPTH && /^\s*[[{"]/.test(text) ? json(text, depth, true) : plain(text)
  }

  return (text) => redact(text, 0)
}
