// An escape of NUL or of any surrogate; a pair of escapes is good text, so a hit is confirmed on the parsed value.
const SUSPECT_ESCAPE = /\\u(?:0000|[dD][89a-fA-F])/

/** True if a string of this JSON value, key or value, holds a lone surrogate or NUL. Deep nesting costs no stack. */
function holdsInvalidText(root: unknown): boolean {
  const pending: unknown[] = [root]
  while (pending.length > 0) {
    const value = pending.pop()
    if (typeof value === 'string') {
      if (value.includes('\0') || !isWellFormed(value)) return true
    } else if (Array.isArray(value)) {
      for (const element of value) pending.push(element)
    } else if (typeof value === 'object' && value !== null) {
      for (const key of Object.keys(value)) pending.push(key, (value as Record<string, unknown>)[key])
    }
  }
  return false
}

// `isWellFormed` is ES2024, so in no `lib` of this repository; Node 20 has it, and it is ten times as fast.
const { isWellFormed: native } = String.prototype as { isWellFormed?: (this: string) => boolean }
const isWellFormed = (text: string): boolean => (native === undefined ? !/\p{Cs}/u.test(text) : native.call(text))

/**
 * True if the JSON text holds a lone surrogate or NUL in any string, which ClickHouse would store as something else.
 * Costs one scan of the text where no such escape occurs.
 * @param value what `JSON.parse(text)` gave
 * @param hasEscapes whether the text holds `\u`, where the caller knows
 */
export function hasInvalidText(text: string, value: unknown, hasEscapes: boolean = text.includes('\\u')): boolean {
  if (!isWellFormed(text)) return true
  return hasEscapes && SUSPECT_ESCAPE.test(text) && holdsInvalidText(value)
}
