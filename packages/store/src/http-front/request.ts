import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { exception } from './exception.js'

/** A request of ClickHouse's HTTP interface, read. */
export interface FrontRequest {
  method: string
  path: string
  /** `?query=`, else ''. */
  query: string
  body: Buffer
  /** All of the URL's, and so the settings too. */
  settings: Map<string, string>
  params: Map<string, string>
  queryId: string | undefined
  /** Of the header or `default_format`. */
  format: string | undefined
  /** What the answer may be packed with. */
  encoding: 'gzip' | 'deflate' | 'br' | null
}

/** The key that a request shows, in any of the four ways in which ClickHouse's clients send a password. */
export function keyOf(request: IncomingMessage, url: URL): string | undefined {
  const named = request.headers['x-clickhouse-key']
  if (typeof named === 'string') return named
  const authorization = request.headers.authorization ?? ''
  const [, scheme, value = ''] = /^(Basic|Bearer)\s+(\S+)$/i.exec(authorization) ?? []
  if (scheme?.toLowerCase() === 'bearer') return value
  if (scheme !== undefined) {
    const pair = Buffer.from(value, 'base64').toString()
    return pair.slice(pair.indexOf(':') + 1)
  }
  return url.searchParams.get('password') ?? undefined
}

/** @throws Error with the engine's code for a body that is too large or packed in a way that is not known */
export async function readRequest(request: IncomingMessage, url: URL, mostBytes: number): Promise<FrontRequest> {
  const settings = new Map<string, string>()
  const params = new Map<string, string>()
  const put = (name: string, value: string) => {
    if (name.startsWith('param_')) params.set(name.slice('param_'.length), value)
    else settings.set(name, value)
  }
  for (const [name, value] of url.searchParams) put(name, value)
  let body = await readBody(request, settings, mostBytes)
  const boundary = /^multipart\/form-data;.*\bboundary="?([^";]+)"?/i.exec(request.headers['content-type'] ?? '')?.[1]
  if (boundary !== undefined) {
    for (const [name, value] of parts(body, boundary)) put(name, value)
    body = Buffer.alloc(0)
  }
  const format = request.headers['x-clickhouse-format'] ?? settings.get('default_format')
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: settings.get('query') ?? '',
    body,
    settings,
    params,
    queryId: settings.get('query_id') ?? String(request.headers['x-clickhouse-query-id'] ?? '') ?? undefined,
    format: typeof format === 'string' && format !== '' ? format : undefined,
    encoding: settings.get('enable_http_compression') === '1' ? encodingOf(request.headers['accept-encoding']) : null,
  }
}

function encodingOf(accepted: string | string[] | undefined): FrontRequest['encoding'] {
  const names = String(accepted ?? '').toLowerCase()
  return (['gzip', 'br', 'deflate'] as const).find((name) => names.includes(name)) ?? null
}

async function readBody(request: IncomingMessage, settings: Map<string, string>, mostBytes: number): Promise<Buffer> {
  if (settings.get('compress') === '1') {
    throw exception(
      48,
      'NOT_IMPLEMENTED',
      "Answers in ClickHouse's own compression are not made here; turn it off in the client (JDBC: compress=false) or use enable_http_compression.",
    )
  }
  if (settings.get('decompress') === '1') {
    throw exception(48, 'NOT_IMPLEMENTED', "Bodies in ClickHouse's own compression are not read here; send gzip.")
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of unpacked(request)) {
    bytes += chunk.length
    // Read to the end, or the client sees a broken connection and never the reason.
    if (bytes <= mostBytes) chunks.push(chunk)
    else if (bytes > 4 * mostBytes) break
  }
  if (bytes > mostBytes) {
    throw exception(101, 'QUERY_IS_TOO_LARGE', `The body passes ${mostBytes} bytes; send it in parts.`)
  }
  return Buffer.concat(chunks)
}

function unpacked(request: IncomingMessage): AsyncIterable<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  const inflaters: Record<string, () => NodeJS.ReadWriteStream> = {
    gzip: createGunzip,
    deflate: createInflate,
    br: createBrotliDecompress,
  }
  if (encoding === 'identity' || encoding === '') return request as AsyncIterable<Buffer>
  const inflate = inflaters[encoding]
  if (inflate === undefined) {
    throw exception(48, 'NOT_IMPLEMENTED', `The encoding ${encoding} is not read here; send gzip, deflate or br.`)
  }
  const stream = inflate() as unknown as Readable & NodeJS.WritableStream
  request.on('error', (error) => stream.destroy(error))
  return request.pipe(stream) as AsyncIterable<Buffer>
}

/** Fields of a form: parameters that are too long for a URL. */
function* parts(body: Buffer, boundary: string): Generator<[name: string, value: string]> {
  for (const part of body.toString('latin1').split(`--${boundary}`)) {
    // Sought step by step: one expression over the whole part takes quadratic time on a body of line ends.
    const gap = /\r?\n\r?\n/.exec(part)
    const name = gap && /\bname="([^"]*)"/i.exec(part.slice(0, gap.index))?.[1]
    if (!gap || name === null || name === undefined) continue
    const value = part.slice(gap.index + gap[0].length).replace(/\r?\n$/, '')
    yield [name, Buffer.from(value, 'latin1').toString()]
  }
}
