import type { StreamFormat } from '../database.js'
import type { ChdbExtension } from './sessions.js'

const QUOTE = 0x22
const LINE_FEED = 0x0a

/**
 * One document of a SELECT. The engine formats each chunk of a stream as a document of its own: a CSV chunk repeats the
 * header, which is taken out here, and a Parquet chunk is a whole file, so Parquet is not streamed at all.
 */
export async function* streamChunks(
  chdb: ChdbExtension,
  query: string,
  format: StreamFormat,
): AsyncGenerator<Uint8Array> {
  if (format === 'Parquet') {
    yield (await chdb.queryAsync(query, { format })).bytes()
    return
  }
  let header: Uint8Array | null = null
  for await (const chunk of chdb.queryStream(query, { format })) {
    const bytes = chunk.raw()
    if (format !== 'CSVWithNames') yield bytes
    else if (header === null) {
      header = bytes.slice(0, headerLength(bytes))
      yield bytes
    } else {
      yield bytes.subarray(header.length)
    }
  }
}

/** Up to and including the first line feed outside quotes. */
function headerLength(bytes: Uint8Array): number {
  let isQuoted = false
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === QUOTE) isQuoted = !isQuoted
    else if (bytes[at] === LINE_FEED && !isQuoted) return at + 1
  }
  return bytes.length
}
