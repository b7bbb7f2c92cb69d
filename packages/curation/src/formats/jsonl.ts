import type { Format } from './format.js'
import type { TargetRecord } from './target.js'

// Python's str.splitlines, and so some loaders, also break lines at these.
const LINE_BREAKS = /[\u0085\u2028\u2029]/g

/** Lines encoded, or decoded, at a time. */
const BATCH = 500
const NEWLINE = 10
const NOTHING = new Uint8Array(0)

const asEscape = (mark: string): string => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Values as JSON lines: UTF-8 without BOM, LF after each, no character that some reader takes for a line end. */
export function jsonLines(values: readonly unknown[]): Uint8Array {
  const lines = values.map((value) => `${JSON.stringify(value).replace(LINE_BREAKS, asEscape)}\n`)
  return new TextEncoder().encode(lines.join(''))
}

/** The same piece by piece, of many values. */
export function* jsonLinePieces(values: Iterable<unknown>): Generator<Uint8Array> {
  let batch: unknown[] = []
  for (const value of values) {
    batch.push(value)
    if (batch.length < BATCH) continue
    yield jsonLines(batch)
    batch = []
  }
  yield jsonLines(batch)
}

/** JSON lines. */
export const jsonl: Format = {
  id: 'jsonl',
  extension: 'jsonl',
  open: () => ({ add: jsonLines, end: () => NOTHING }),
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
