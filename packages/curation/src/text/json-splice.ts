/** A place in a JSON text: the characters of one value. */
export interface JsonSpan {
  start: number
  end: number
}

const SPACE = /[\t\n\r ]*/y
const SCALAR = /-?\d[\d.eE+-]*|true|false|null/y

function eat(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  const match = pattern.exec(text)
  if (match === null) throw new SyntaxError(`no JSON at ${at}`)
  return at + match[0].length
}

// By hand: a pattern keeps a way back for every escape and overflows the stack on a text of megabytes.
function eatString(text: string, at: number): number {
  if (text[at] !== '"') throw new SyntaxError(`no JSON string at ${at}`)
  for (let position = at + 1; position < text.length; position++) {
    if (text[position] === '\\') position++
    else if (text[position] === '"') return position + 1
  }
  throw new SyntaxError(`the string at ${at} has no end`)
}

function skipValue(text: string, at: number): number {
  let position = at
  let depth = 0
  do {
    position = eat(SPACE, text, position)
    const mark = text[position]
    if (mark === '{' || mark === '[') depth++
    else if (mark === '}' || mark === ']') depth--
    if (mark === '"') position = eatString(text, position)
    else if (mark !== undefined && '{}[],:'.includes(mark)) position++
    else position = eat(SCALAR, text, position)
  } while (depth > 0)
  return position
}

/** Splits an RFC 6901 JSON Pointer; null where it is none. The empty pointer names the whole. */
export function parsePointer(pointer: string): string[] | null {
  if (pointer === '') return []
  if (!pointer.startsWith('/')) return null
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/**
 * Finds the value a pointer names in a valid JSON text, or null. Found in the text, not in a parsed object, so that a
 * replacement leaves spacing, key order and large integers elsewhere as the model wrote them.
 */
export function findJsonSpan(text: string, path: readonly string[]): JsonSpan | null {
  let position = eat(SPACE, text, 0)
  for (const token of path) {
    const open = text[position]
    if (open !== '{' && open !== '[') return null
    position = eat(SPACE, text, position + 1)
    let index = 0
    let found = false
    while (text[position] !== '}' && text[position] !== ']') {
      let name = String(index)
      if (open === '{') {
        const end = eatString(text, position)
        name = JSON.parse(text.slice(position, end)) as string
        position = eat(SPACE, text, eat(SPACE, text, end) + 1)
      }
      if (name === token) {
        found = true
        break
      }
      position = eat(SPACE, text, skipValue(text, position))
      if (text[position] === ',') position = eat(SPACE, text, position + 1)
      index++
    }
    if (!found) return null
  }
  return { start: position, end: skipValue(text, position) }
}

/** The text with one value replaced by another JSON text. */
export function spliceJson(text: string, span: JsonSpan, replacement: string): string {
  return text.slice(0, span.start) + replacement + text.slice(span.end)
}
