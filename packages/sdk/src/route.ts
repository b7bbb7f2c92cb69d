import { LIMITS } from '@flywheel/schema/wire'
import { type CaptureMode, strictest } from './capture-mode.js'
import { metadataOnly } from './content.js'
import type { Report } from './diagnostics.js'
import { type Redact, redactLine } from './redact.js'
import type { NodeRequest, NodeResponse, RelayOptions } from './request-options.js'

/** Where a relay sends to, fixed when the client is made. */
export interface RelayTarget {
  readonly url: string
  readonly timeoutMs: number
  readonly fetch: typeof fetch | undefined
  /** Holds for what browsers send as for what the host does. */
  readonly capture: CaptureMode | undefined
  readonly redact: Redact | undefined
  readonly report: Report
}

/** A request, whatever server it came to. */
interface Incoming {
  readonly method: string
  readonly header: (name: string) => string | null
  readonly chunks: () => AsyncIterable<unknown>
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

interface Rejected {
  readonly line: number
  readonly id: string | null
  readonly code: string
  readonly message: string
}

const MAX_BYTES = 256 * 1024
const TYPES = new Set(['text/plain', 'application/x-ndjson', 'application/ndjson', 'application/json'])
/** Answers of a collector that are about what was sent, or ask for patience; any other is not the browser's business. */
const PASSED = new Set([400, 401, 403, 413, 415, 422, 429, 503])

/** Why a request got no further; the code is one of the collector's where it has one. */
class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string) {
    super(code)
    this.status = status
    this.code = code
  }
}

function answer(status: number, body: Record<string, unknown>, headers: Record<string, string> = {}): Answer {
  const type = status < 300 ? 'application/json' : 'application/problem+json'
  return {
    status,
    headers: { 'content-type': type, 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(status < 300 ? body : { status, ...body }),
  }
}

function checkHead({ method, header }: Incoming, maxBytes: number): void {
  if (method !== 'POST') throw new Refusal(405, 'method_not_allowed')
  const [type = ''] = (header('content-type') ?? '').toLowerCase().split(';')
  if (!TYPES.has(type.trim())) throw new Refusal(415, 'unsupported_media_type')
  if ((header('content-encoding') ?? 'identity') !== 'identity') throw new Refusal(415, 'unsupported_encoding')
  if (Number(header('content-length')) > maxBytes) throw new Refusal(413, 'body_too_large')
}

/** Reads no further than the limit. */
async function readText({ chunks }: Incoming, maxBytes: number): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks()) {
    const piece = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : (chunk as Uint8Array)
    length += piece.length
    if (length > maxBytes) throw new Refusal(413, 'body_too_large')
    pieces.push(piece)
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Refusal(400, 'not_utf8')
  }
}

interface Sorted {
  readonly lines: string[]
  /** Of each line that goes on, its place in what came. */
  readonly places: number[]
  readonly rejected: Rejected[]
  readonly hasJson: boolean
  readonly needsKey: boolean
}

/** Lets feedback pass, and of that without a public key only what a ticket vouches for. */
function sortLines(text: string, hasKey: boolean, capture: CaptureMode): Sorted {
  const lines: string[] = []
  const places: number[] = []
  const rejected: Rejected[] = []
  let hasJson = false
  let needsKey = false
  for (const [line, raw] of text.split('\n').entries()) {
    if (line >= LIMITS.lines) throw new Refusal(413, 'too_many_lines')
    if (raw.trim() === '') continue
    const reject = (id: string | null, code: string, message: string) => rejected.push({ line, id, code, message })
    let event: Record<string, unknown>
    try {
      event = JSON.parse(raw)
    } catch {
      reject(null, 'not_json', 'The line is no JSON')
      continue
    }
    hasJson = true
    const id = typeof event?.['id'] === 'string' ? event['id'] : null
    if (event?.['type'] !== 'feedback' || capture === 'off') reject(id, 'not_allowed', 'Only feedback passes here')
    else if (typeof event['ticket'] !== 'string' && !hasKey)
      reject(id, 'unauthorized', 'Feedback without a ticket needs a public key; pass publicKey to route()')
    else {
      needsKey ||= typeof event['ticket'] !== 'string'
      lines.push(capture === 'metadata' ? JSON.stringify(metadataOnly(event)) : raw)
      places.push(line)
    }
  }
  return { lines, places, rejected, hasJson, needsKey }
}

/** Settles like the promise, or fails when the time is over, whatever the promise does. */
async function within<T>(signal: AbortSignal, code: string, promise: Promise<T>): Promise<T> {
  return await Promise.race([
    promise,
    new Promise<never>((_, reject) => {
      const late = () => reject(new Refusal(code === 'request_timeout' ? 408 : 504, code))
      if (signal.aborted) late()
      else signal.addEventListener('abort', late, { once: true })
    }),
  ])
}

/** The collector's word on each line, under the lines' numbers in what came; nothing else of its answer. */
function rejectedBy(body: unknown, places: readonly number[]): Rejected[] {
  const listed = (body as { rejected?: unknown } | null)?.rejected
  if (!Array.isArray(listed)) return []
  return listed.flatMap(({ line, id, code, message }: Record<string, unknown>) => {
    const place = places[Number(line)]
    if (place === undefined) return []
    return [{ line: place, id: typeof id === 'string' ? id : null, code: String(code), message: String(message) }]
  })
}

async function forward(
  sorted: Sorted,
  origin: string | null,
  { url, fetch: given, redact, report }: RelayTarget,
  publicKey: string | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const lines = redact ? sorted.lines.map((line) => redactLine(line, redact, report)) : sorted.lines
  // The client's key is not among these: what comes from a browser gets no trust that the browser does not have.
  const response = await (given ?? fetch)(`${url.replace(/\/+$/, '')}/v1/events`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-ndjson',
      ...(publicKey && sorted.needsKey && { authorization: `Bearer ${publicKey}` }),
      ...(origin && { origin }),
    },
    body: lines.join('\n'),
    redirect: 'manual',
    signal,
  })
  const body: unknown = await response.json().catch(() => null)
  const rejected = [...sorted.rejected, ...rejectedBy(body, sorted.places)].sort((a, b) => a.line - b.line)
  const accepted = (body as { accepted?: unknown } | null)?.accepted
  if (response.status === 202 && typeof accepted === 'number') return answer(202, { accepted, rejected })
  const code = (body as { code?: unknown } | null)?.code
  if (!PASSED.has(response.status) || typeof code !== 'string') {
    report('relay_failed', `the collector answered ${response.status} with something else than the contract's`)
    return answer(502, { code: 'collector_failed' })
  }
  const retryAfter = response.headers.get('retry-after')
  return answer(response.status, { code, rejected }, retryAfter ? { 'retry-after': retryAfter } : {})
}

async function relay(target: RelayTarget, options: RelayOptions, incoming: Incoming): Promise<Answer> {
  const { maxBytes = MAX_BYTES, timeoutMs = target.timeoutMs } = options
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), timeoutMs)
  try {
    const isPublic = options.publicKey?.startsWith('fw_pk_') ?? false
    if (options.publicKey && !isPublic) target.report('relay_failed', 'the relay takes a public key (fw_pk_…) alone')
    checkHead(incoming, maxBytes)
    const text = await within(abort.signal, 'request_timeout', readText(incoming, maxBytes))
    const sorted = sortLines(text, isPublic, strictest(undefined, target.capture))
    const { rejected } = sorted
    if (sorted.lines.length === 0) {
      return sorted.hasJson
        ? answer(422, { code: 'no_event_valid', rejected })
        : answer(400, { code: 'no_line_parses', rejected })
    }
    const publicKey = isPublic ? options.publicKey : undefined
    const sent = forward(sorted, incoming.header('origin'), target, publicKey, abort.signal)
    return await within(abort.signal, 'collector_timeout', sent)
  } catch (error) {
    if (error instanceof Refusal) {
      return answer(error.status, { code: error.code }, error.status === 405 ? { allow: 'POST' } : {})
    }
    target.report('relay_failed', 'the collector cannot be reached', error)
    return answer(502, { code: 'collector_failed' })
  } finally {
    clearTimeout(timer)
    abort.abort()
  }
}

async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncIterable<Uint8Array> {
  if (!body) return
  const reader = body.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    // Not awaited: some streams never settle it while the client goes on sending.
    reader.cancel().catch(() => {})
  }
}

/** Relays one web request. Never rejects. */
export async function relayRequest(target: RelayTarget, options: RelayOptions, request: Request): Promise<Response> {
  const { status, headers, body } = await relay(target, options, {
    method: request.method,
    header: (name) => request.headers.get(name),
    chunks: () => chunksOf(request.body),
  })
  return new Response(body, { status, headers })
}

/** What a body parser has left, else the request's own bytes. */
async function* parsedOr(request: NodeRequest): AsyncIterable<unknown> {
  const { body } = request
  if (typeof body === 'string' || body instanceof Uint8Array) yield body
  else if (typeof body === 'object' && body !== null && Object.keys(body).length > 0) yield JSON.stringify(body)
  else yield* request
}

/** Relays one request of Express, of Next's pages or of Node itself. Never rejects. */
export async function relayNode(
  target: RelayTarget,
  options: RelayOptions,
  request: NodeRequest,
  response: NodeResponse,
): Promise<void> {
  const { status, headers, body } = await relay(target, options, {
    method: request.method ?? '',
    header: (name) => {
      const value = request.headers[name]
      return value === undefined ? null : String(value)
    },
    chunks: () => parsedOr(request),
  })
  try {
    response.statusCode = status
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.end(body)
  } catch (error) {
    target.report('relay_failed', 'the relay could not answer', error)
  }
}
