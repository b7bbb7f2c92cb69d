import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, gunzipSync } from 'node:zlib'
import { FlywheelError } from '@flywheel/schema'
import { brokenOff, type ReadOptions, readIncoming, tooLarge } from './read-incoming.js'

const inflate = promisify(gunzip)
const INFLATE_CHUNK_BYTES = 128 * 1024
/** Inflated here and now: half a millisecond, which the way to a thread and back costs several times over. */
const SYNC_BYTES = 512 * 1024
/** Header and end of a gzip stream; its last four bytes say how long the inflated text is. */
const LEAST_GZIP_BYTES = 18
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
 * Reads and inflates a body. Every byte is taken from the share before it is held.
 * @param incoming Node's request beneath, where there is one
 * @throws FlywheelError `body_too_large`, `bad_gzip`, `invalid_request` where the client broke off, or `rate_limited`
 */
export async function readBody(
  request: Request,
  incoming: IncomingMessage | undefined,
  encoding: Encoding,
  options: ReadOptions,
): Promise<Body> {
  const declared = Number(request.headers.get('content-length') ?? Number.NaN)
  if (declared > options.limit) throw tooLarge(options.limit)
  const raw =
    incoming === undefined ? await readStream(request, options) : await readIncoming(incoming, declared, options)
  if (encoding === 'identity') return { encoding, raw, inflated: raw }
  return { encoding, raw, inflated: await inflateWithin(raw, options) }
}

/**
 * Inflates into room that was taken before: a thousandth of the bytes on the wire may ask for all of it at once. The
 * stream's own end says how much; where that is not true (several members, a liar) it is inflated again into the limit.
 */
async function inflateWithin(raw: Buffer, { limit, share }: ReadOptions): Promise<Buffer> {
  const said = Math.min(limit, raw.length < LEAST_GZIP_BYTES ? 0 : raw.readUInt32LE(raw.length - 4))
  for (let room = said; ; ) {
    share.take(room === said ? said : room - said)
    try {
      const maxOutputLength = Math.max(1, room)
      // Room is the stream's own word: all of it in one piece, and no byte beyond it.
      if (room <= SYNC_BYTES) return gunzipSync(raw, { maxOutputLength, chunkSize: Math.max(64, room) })
      return await inflate(raw, { maxOutputLength, chunkSize: INFLATE_CHUNK_BYTES })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE')
        throw new FlywheelError('bad_gzip', 'The body is no whole gzip stream; compress it anew and retry', { cause })
      if (room === limit) throw tooLarge(limit)
      room = limit
    }
  }
}

async function readStream(request: Request, { limit, share }: ReadOptions): Promise<Buffer> {
  if (request.body === null) return Buffer.alloc(0)
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw brokenOff(cause)
    })
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
