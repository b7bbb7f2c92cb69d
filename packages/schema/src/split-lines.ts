const LF = 0x0a
const CR = 0x0d

/** Where one line stands in a body: `[start, end)` in bytes, without its line end. */
export type LineRange = readonly [start: number, end: number]

/**
 * The lines of an NDJSON body, in order. Collector and sink count lines with this alone, so their indices agree.
 * A line ends at LF, or at CR LF; the last one needs no line end, and nothing follows a final LF. Blank lines count
 * and come as empty ranges. A byte order mark at the very start belongs to no line.
 */
export function* splitLines(bytes: Uint8Array): Generator<LineRange, void, undefined> {
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (start < bytes.length) {
    const found = bytes.indexOf(LF, start)
    const end = found === -1 ? bytes.length : found
    yield [start, end > start && bytes[end - 1] === CR ? end - 1 : end]
    start = end + 1
  }
}
