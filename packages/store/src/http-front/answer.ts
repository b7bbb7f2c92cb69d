import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createBrotliCompress, createDeflate, createGzip } from 'node:zlib'
import { httpException } from './exception.js'
import { contentType } from './formats.js'
import type { FrontRequest } from './request.js'

/** What every answer says of itself. */
export interface AnswerHead {
  queryId: string
  version: string
  timezone: string
}

/** Counts of one statement, as `X-ClickHouse-Summary` gives them: every number as text. */
export interface Summary {
  rowsRead?: number
  bytesRead?: number
  rowsWritten?: number
  bytesWritten?: number
  elapsedS?: number
}

const PACKERS = { gzip: createGzip, br: createBrotliCompress, deflate: createDeflate }

/** Sends rows, as they come. An error before the first byte is the caller's; a later one is written behind the rows. */
export async function sendRows(
  response: ServerResponse,
  head: AnswerHead,
  rows: { format: string; first: Uint8Array; rest: AsyncIterator<Uint8Array>; summary: Summary },
  encoding: FrontRequest['encoding'],
  stalled_ms: number,
): Promise<void> {
  const tag = randomBytes(12).toString('base64url').replace(/[-_]/g, 'x')
  // A client that reads nothing holds a session: it is left after so long without a byte.
  response.setTimeout(stalled_ms, () => response.destroy())
  setHead(response, head, rows.summary)
  response.setHeader('Content-Type', contentType(rows.format))
  response.setHeader('X-ClickHouse-Format', rows.format)
  response.setHeader('X-ClickHouse-Exception-Tag', tag)
  const packer = encoding === null ? null : PACKERS[encoding]()
  if (encoding !== null) response.setHeader('Content-Encoding', encoding)
  packer?.pipe(response, { end: false })
  const sink = packer ?? response
  const isGone = () => response.destroyed || response.closed
  const write = async (bytes: Uint8Array) => {
    if (bytes.length > 0 && !sink.write(bytes) && !isGone()) {
      await either(sink, 'drain', response)
    }
  }
  let isWhole = true
  try {
    await write(rows.first)
    for (;;) {
      // Who left is not written to; leaving the iterator ends the statement.
      if (isGone()) return
      const next = await rows.rest.next()
      if (next.done) break
      await write(next.value)
    }
  } catch (error) {
    isWhole = false
    const message = `${httpException(error, head.version).text}\n`
    const length = Buffer.byteLength(message)
    await write(Buffer.from(`\r\n__exception__\r\n${tag}\r\n${message}${length} ${tag}\r\n__exception__\r\n`))
  } finally {
    await rows.rest.return?.()
  }
  if (packer !== null) {
    packer.end()
    if (!isGone()) await either(packer, 'end', response)
  }
  if (isWhole) response.end()
  // Without the end of the chunked body even a client that knows nothing of the marks sees that something is missing.
  else response.socket?.destroySoon()
}

/** Resolves at the event, or when the client is gone. */
async function either(sink: NodeJS.EventEmitter, event: string, response: ServerResponse): Promise<void> {
  const waiting = new AbortController()
  const { signal } = waiting
  // The one that lost is taken off: a long answer waits thousands of times.
  await Promise.race([once(sink, event, { signal }), once(response, 'close', { signal })]).finally(() =>
    waiting.abort(),
  )
}

/** An answer without rows. */
export function sendEmpty(response: ServerResponse, head: AnswerHead, summary: Summary): void {
  setHead(response, head, summary)
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8')
  response.end()
}

/** An error, as the server writes it: code in a header, sentence in the body. */
export function sendException(response: ServerResponse, head: AnswerHead, error: unknown): void {
  const { code, status, text } = httpException(error, head.version)
  setHead(response, head, {})
  response.statusCode = status
  response.setHeader('X-ClickHouse-Exception-Code', String(code))
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8')
  if (status === 401) response.setHeader('WWW-Authenticate', 'Basic realm="ClickHouse server HTTP API"')
  response.end(`${text}\n`)
}

function setHead(response: ServerResponse, head: AnswerHead, summary: Summary): void {
  response.setHeader('X-ClickHouse-Server-Display-Name', 'flywheel')
  response.setHeader('X-ClickHouse-Query-Id', head.queryId)
  response.setHeader('X-ClickHouse-Timezone', head.timezone)
  response.setHeader(
    'X-ClickHouse-Summary',
    JSON.stringify({
      read_rows: String(summary.rowsRead ?? 0),
      read_bytes: String(summary.bytesRead ?? 0),
      written_rows: String(summary.rowsWritten ?? 0),
      written_bytes: String(summary.bytesWritten ?? 0),
      total_rows_to_read: String(summary.rowsRead ?? 0),
      elapsed_ns: String(Math.round((summary.elapsedS ?? 0) * 1e9)),
    }),
  )
}
