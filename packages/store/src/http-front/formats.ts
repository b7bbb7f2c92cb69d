/** How the header of a format ends, so that those of later chunks can be taken out. */
type Header = { lines: number; isQuoted?: boolean }

/**
 * Formats whose chunks, each a document of its own to the embedded engine, are one document when put together, once the
 * header of all but the first is gone. Every other format is written whole.
 */
const STREAMED: ReadonlyMap<string, Header> = new Map([
  ...['CSV', 'JSONCompactEachRow', 'JSONCompactStringsEachRow', 'JSONEachRow', 'JSONLines', 'JSONStringsEachRow'].map(
    (name) => [name, { lines: 0 }] as const,
  ),
  ...['LineAsString', 'Native', 'NDJSON', 'RawBLOB', 'RowBinary', 'TabSeparated', 'TabSeparatedRaw', 'TSKV', 'TSV'].map(
    (name) => [name, { lines: 0 }] as const,
  ),
  ['TSVRaw', { lines: 0 }],
  ['CSVWithNames', { lines: 1, isQuoted: true }],
  ['CSVWithNamesAndTypes', { lines: 2, isQuoted: true }],
  ['JSONCompactEachRowWithNames', { lines: 1 }],
  ['JSONCompactEachRowWithNamesAndTypes', { lines: 2 }],
  ['TabSeparatedWithNames', { lines: 1 }],
  ['TabSeparatedWithNamesAndTypes', { lines: 2 }],
  ['TSVWithNames', { lines: 1 }],
  ['TSVWithNamesAndTypes', { lines: 2 }],
])

/** Whether the format can leave in chunks. */
export function isStreamed(format: string): boolean {
  return STREAMED.has(format)
}

/** One document out of chunks that are a document each. */
export async function* oneDocument(
  chunks: AsyncIterable<{ raw(): Uint8Array }>,
  format: string,
): AsyncGenerator<Uint8Array> {
  const header = STREAMED.get(format) ?? { lines: 0 }
  let length = -1
  for await (const chunk of chunks) {
    const bytes = chunk.raw()
    if (length === -1) {
      length = headerLength(bytes, header)
      yield bytes
    } else {
      yield bytes.subarray(length)
    }
  }
}

const QUOTE = 0x22
const LINE_FEED = 0x0a

function headerLength(bytes: Uint8Array, { lines, isQuoted }: Header): number {
  let left = lines
  let isInside = false
  for (let at = 0; left > 0 && at < bytes.length; at++) {
    if (isQuoted && bytes[at] === QUOTE) isInside = !isInside
    else if (bytes[at] === LINE_FEED && !isInside && --left === 0) return at + 1
  }
  return 0
}

/** The content type that ClickHouse names for a format. */
export function contentType(format: string): string {
  if (/^(JSONEachRow|JSONLines|NDJSON|JSON\w+EachRow)/.test(format)) return 'application/x-ndjson; charset=UTF-8'
  if (/^JSON/.test(format)) return 'application/json; charset=UTF-8'
  if (/^(TabSeparated|TSV|TSKV)/.test(format)) return 'text/tab-separated-values; charset=UTF-8'
  if (/^CSVWithNames/.test(format)) return 'text/csv; charset=UTF-8; header=present'
  if (/^CSV/.test(format)) return 'text/csv; charset=UTF-8; header=absent'
  if (format === 'XML') return 'application/xml; charset=UTF-8'
  if (/^(Native|RowBinary|Parquet|Arrow|ORC|Avro|MsgPack|Npy|RawBLOB)/.test(format)) return 'application/octet-stream'
  return 'text/plain; charset=UTF-8'
}
