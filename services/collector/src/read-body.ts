import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { FlywheelError } from '@flywheel/schema'
import type { Share } from './memory-budget.js'

const inflate = promisify(gunzip)
const INFLATE_CHUNK_BYTES = 128 * 1024
const TYPES = new Set(['application/x-ndjson', 'application/ndjson', 'application/json', 'text/plain'])

export type Encoding = 'identity' | 'gzip'

/** A body as it came and as it reads. */
export interface Body {
  encoding: Encoding
  /** The client's bytes. */
  raw: Buffer
  /** The same as `raw` where nothing is encoded. */
  inflated: Buffer
}

/**
 * How the body is encoded.
 * @throws FlywheelError `unsupported_media_type` or `unsupported_encoding`, before a byte of the body was read
 */
export function encodingOf(request: Request): Encoding {
  const [type = '', ...parameters] = (request.headers.get('content-type') ?? '').toLowerCase().split(';')
  if (!TYPES.has(type.trim()))
    throw new FlywheelError(
      'unsupported_media_type',
      `Content-Type is ${type.trim() === '' ? 'missing' : JSON.stringify(type.trim().slice(0, 60))}; send application/x-ndjson`,
    )
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('charset='))
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset))
    throw new FlywheelError('unsupported_media_type', `The body is declared as ${charset.slice(0, 40)}; send UTF-8`)
  const encoding = (request.headers.get('content-encoding') ?? 'identity').trim().toLowerCase()
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip'
  if (encoding === 'identity' || encoding === '') return 'identity'
  throw new FlywheelError(
    'unsupported_encoding',
    `Content-Encoding is ${JSON.stringify(encoding.slice(0, 40))}; send identity or gzip`,
  )
}

/**
 * Reads and inflates a body. Neither step holds more than `limit` bytes.
 * @throws FlywheelError `body_too_large`, `bad_gzip`, `invalid_request` where the client broke off, or `rate_limited`
 */
export async function readBody(request: Request, encoding: Encoding, limit: number, share: Share): Promise<Body> {
  const raw = await readBytes(request, limit, share)
  if (encoding === 'identity') return { encoding, raw, inflated: raw }
  try {
    const inflated = await inflate(raw, { maxOutputLength: limit, chunkSize: INFLATE_CHUNK_BYTES })
    share.take(inflated.length)
    return { encoding, raw, inflated }
  } catch (cause) {
    if (cause instanceof FlywheelError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit)
    throw new FlywheelError('bad_gzip', 'The body is no whole gzip stream; compress it anew and retry', { cause })
  }
}

async function readBytes(request: Request, limit: number, share: Share): Promise<Buffer> {
  const declared = Number(request.headers.get('content-length') ?? Number.NaN)
  if (declared > limit) throw tooLarge(limit)
  // Node's parser reads exactly the declared length, and one read is much cheaper than a stream.
  if (Number.isSafeInteger(declared)) {
    share.take(declared)
    const bytes = Buffer.from(await read(() => request.arrayBuffer()))
    if (bytes.length > limit) throw tooLarge(limit)
    return bytes
  }
  if (request.body === null) return Buffer.alloc(0)
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = request.body.getReader()
  for (;;) {
    const { done, value } = await read(() => reader.read())
    if (done) return Buffer.concat(chunks, length)
    length += value.length
    if (length > limit) {
      // Not awaited: some streams never settle it while the client goes on sending.
      reader.cancel().catch(() => {})
      throw tooLarge(limit)
    }
    share.take(value.length)
    chunks.push(value)
  }
}

async function read<Bytes>(next: () => Promise<Bytes>): Promise<Bytes> {
  try {
    return await next()
  } catch (cause) {
    throw new FlywheelError('invalid_request', 'The body ended before its end; send it whole', { cause })
  }
}

function tooLarge(limit: number): FlywheelError {
  return new FlywheelError('body_too_large', `The body has more than ${limit} bytes inflated; send smaller batches`)
}
