import type { StreamFormat } from '@flywheel/store'
import type { Context } from 'hono'
import { MEDIA } from './shapes/common.js'

const FORMATS: Record<string, StreamFormat> = {
  [MEDIA.ndjson]: 'JSONEachRow',
  [MEDIA.csv]: 'CSVWithNames',
  [MEDIA.parquet]: 'Parquet',
}

const MEDIA_OF: Record<StreamFormat, string> = {
  JSONEachRow: MEDIA.ndjson,
  CSVWithNames: `${MEDIA.csv}; charset=utf-8`,
  Parquet: MEDIA.parquet,
}

/** The first format of the Accept header that can be streamed; null means JSON, which is also the answer to anything else. */
export function formatOf(accept: string | undefined): StreamFormat | null {
  for (const part of (accept ?? '').split(',')) {
    const type = part.split(';')[0]?.trim().toLowerCase() ?? ''
    if (type === MEDIA.json) return null
    const format = FORMATS[type]
    if (format !== undefined) return format
  }
  return null
}

/**
 * Answers with the engine's own bytes. The first chunk is awaited before the status is sent, so that a statement that
 * fails at once is a problem and not a 200 that breaks off.
 */
export async function streamRows(c: Context, rows: AsyncIterable<Uint8Array>, format: StreamFormat): Promise<Response> {
  const iterator = rows[Symbol.asyncIterator]()
  let next = await iterator.next()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (next.done === true) return controller.close()
      controller.enqueue(next.value)
      next = await iterator.next()
    },
    async cancel() {
      await iterator.return?.()
    },
  })
  return c.body(body, 200, { 'content-type': MEDIA_OF[format] })
}
