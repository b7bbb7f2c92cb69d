import type { Format } from './format.js'
import type { TargetRecord } from './target.js'

// Python's str.splitlines, and so some loaders, also break lines at these.
const LINE_BREAKS = /[\u0085\u2028\u2029]/g

/** Lines encoded, or decoded, at a time. */
const BATCH = 500
const NEWLINE = 10

const asEscape = (mark: string): string => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Values as JSON lines: UTF-8 without BOM, LF after each, no character that some reader takes for a line end. */
export function* jsonLinePieces(values: Iterable<unknown>): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  let lines: string[] = []
  for (const value of values) {
    lines.push(`${JSON.stringify(value).replace(LINE_BREAKS, asEscape)}\n`)
    if (lines.length < BATCH) continue
    yield encoder.encode(lines.join(''))
    lines = []
  }
  if (lines.length > 0) yield encoder.encode(lines.join(''))
}

/** The same in one piece, for what is small. */
export function jsonLines(values: Iterable<unknown>): Uint8Array {
  return Buffer.concat([...jsonLinePieces(values)])
}

/** JSON lines. */
export const jsonl: Format = {
  id: 'jsonl',
  extension: 'jsonl',
  write: (records) => jsonLinePieces(records),
  async *read(bytes) {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    let records: TargetRecord[] = []
    for (let start = 0; start < bytes.length; ) {
      const end = bytes.indexOf(NEWLINE, start)
      if (end === -1) throw new SyntaxError('the last line has no line end')
      records.push(JSON.parse(decoder.decode(bytes.subarray(start, end))) as TargetRecord)
      start = end + 1
      if (records.length < BATCH) continue
      yield await Promise.resolve(records)
      records = []
    }
    if (records.length > 0) yield records
  },
}
