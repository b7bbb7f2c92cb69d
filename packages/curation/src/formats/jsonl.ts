import type { Format } from './format.js'

// Python's str.splitlines, and so some loaders, also break lines at these.
const LINE_BREAKS = /[\u0085\u2028\u2029]/g

/** Values as JSON lines: UTF-8 without BOM, LF after each, no character that some reader takes for a line end. */
export function jsonLines(values: readonly unknown[]): Uint8Array {
  const asEscape = (mark: string): string => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`
  const lines = values.map((value) => `${JSON.stringify(value).replace(LINE_BREAKS, asEscape)}\n`)
  return new TextEncoder().encode(lines.join(''))
}

/** JSON lines. */
export const jsonl: Format = {
  id: 'jsonl',
  extension: 'jsonl',
  write: (records) => jsonLines(records),
  read(bytes) {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const lines = text.split('\n')
    if (lines.pop() !== '') return Promise.reject(new SyntaxError('the last line has no line end'))
    return Promise.resolve(lines.map((line) => JSON.parse(line) as Record<string, unknown>))
  },
}
