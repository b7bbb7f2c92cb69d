import { type Detector, findAll } from './detector.js'
import type { Placeholder } from './numbering.js'

/** Texts within texts: JSON in a tool's arguments, and JSON in that. */
const MAX_DEPTH = 4

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

/** The inside of a string literal as text, or null where it is none, such as one cut off in an escape. */
function decoded(inside: string): string | null {
  try {
    return JSON.parse(`"${inside}"`) as string
  } catch {
    return null
  }
}

/**
 * Redacts texts. One that looks like JSON is redacted string by string, each read without its escapes: what is not
 * replaced keeps its spelling to the letter, and valid JSON stays valid, also where a number becomes a placeholder.
 */
export function createRedactText(detectors: readonly Detector[], placeholder: Placeholder): RedactText {
  function plain(text: string, isQuoted = false): string {
    const spans = findAll(detectors, text)
    if (spans.length === 0) return text
    let redacted = ''
    let end = 0
    for (const span of spans) {
      const replacement = placeholder(span.name, span.value)
      redacted += text.slice(end, span.start) + (isQuoted ? `"${replacement}"` : replacement)
      end = span.end
    }
    return redacted + text.slice(end)
  }

  function inside(literal: string, depth: number): string {
    const text = literal.includes('\\') ? decoded(literal) : literal
    if (text === null) return plain(literal)
    const redacted = redact(text, depth + 1)
    if (redacted === text) return literal
    return text === literal ? redacted : JSON.stringify(redacted).slice(1, -1)
  }

  function json(text: string, depth: number): string {
    let redacted = ''
    let at = 0
    let isNumberHit = false
    const between = (from: number, to?: number) => {
      const piece = text.slice(from, to)
      const replaced = /\d{4}/.test(piece) ? plain(piece, true) : piece
      if (replaced !== piece) isNumberHit = true
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
    // Quotes around what is no JSON would be ours alone; and a number is replaced whole or the text is read as prose.
    return isNumberHit && !isJson(redacted) ? plain(text) : redacted
  }

  function redact(text: string, depth: number): string {
    return depth < MAX_DEPTH && /^\s*[[{"]/.test(text) ? json(text, depth) : plain(text)
  }

  return (text) => redact(text, 0)
}
