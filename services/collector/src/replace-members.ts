const QUOTE = 0x22
const BACKSLASH = 0x5c
const isWhiteSpace = (code: number) => code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d

function afterWhiteSpace(text: string, from: number): number {
  let at = from
  while (isWhiteSpace(text.charCodeAt(at))) at++
  return at
}

/** The place after the string that opens at `from`. */
function afterString(text: string, from: number): number {
  for (let at = from + 1; ; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
}

/** The place after the value that begins at `from`; no recursion, so that deep nesting costs no stack. */
function afterValue(text: string, from: number): number {
  let depth = 0
  for (let at = from; ; ) {
    const letter = text[at]
    if (letter === '"') at = afterString(text, at)
    else if (letter === '{' || letter === '[') {
      depth++
      at++
    } else if (letter === '}' || letter === ']') {
      if (depth === 0) return at
      depth--
      at++
    } else if (letter === ',' && depth === 0) return at
    else at++
    if (depth === 0 && (letter === '"' || letter === '}' || letter === ']')) return at
  }
}

/**
 * Writes members of an object's text anew: those named go, every copy of them, and the given ones come first.
 * Every other byte stays as it came, because `JSON.stringify(JSON.parse(text))` changes large integers.
 * @param text an object that `JSON.parse` has accepted
 */
export function replaceMembers(
  text: string,
  removed: ReadonlySet<string>,
  added: Readonly<Record<string, unknown>>,
): string {
  const members = Object.entries(added).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  let at = afterWhiteSpace(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const start = at
    const keyEnd = afterString(text, start)
    const key = JSON.parse(text.slice(start, keyEnd)) as string
    const colon = afterWhiteSpace(text, keyEnd)
    const end = afterValue(text, afterWhiteSpace(text, colon + 1))
    if (!removed.has(key)) members.push(text.slice(start, end).trimEnd())
    at = afterWhiteSpace(text, end)
    if (text[at] === ',') at = afterWhiteSpace(text, at + 1)
  }
  return `{${members.join(',')}}`
}
