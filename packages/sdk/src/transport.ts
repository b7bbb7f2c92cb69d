/** One request's worth of events. A retry hands over the same object, so the same bytes. */
export interface Batch {
  /** Newline-delimited JSON, one event a line. */
  readonly ndjson: string
  /** Number of lines. */
  readonly count: number
}

/** What came back. A transport that got no answer rejects. */
export interface TransportAnswer {
  readonly status: number
  /** The parsed JSON body, or null. */
  readonly body: unknown
  readonly retryAfterMs?: number | undefined
  /** Where a redirect points. */
  readonly location?: string | undefined
}

/** Carries batches to a collector. May reject or hang: the client retries, and aborts `signal` after its timeout. */
export interface Transport {
  send(batch: Batch, headers: Record<string, string>, signal: AbortSignal): Promise<TransportAnswer>
}

const MIN_GZIP_CHARACTERS = 1024
/** More than any answer of a collector; the rest of a longer one is not read. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/** Seconds or a date; a date is read against the server's own clock, so that a clock that is off does not count. */
function retryAfter(headers: Headers): number | undefined {
  const header = headers.get('retry-after')
  if (!header) return undefined
  const now = Date.parse(headers.get('date') ?? '') || Date.now()
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return ms >= 0 ? ms : undefined
}

async function bodyOf(response: Response): Promise<unknown> {
  const reader = response.body?.getReader()
  if (!reader) return null
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.length
    if (bytes > MAX_ANSWER_BYTES) {
      void reader.cancel().catch(() => {})
      return null
    }
    text += decoder.decode(value, { stream: true })
  }
  try {
    return JSON.parse(text)
  } catch {
    // A proxy's page; the delivery judges by status and shape.
    return null
  }
}

/**
 * Posts to `<url>/v1/events`; compresses once a batch, off the host's path. A redirect is an answer, not followed: the
 * key goes nowhere but to the URL that was given.
 */
export function httpTransport(
  url: string,
  apiKey: string,
  gzip: (text: string) => Promise<Uint8Array | null>,
  fetchOption?: typeof fetch,
): Transport {
  const endpoint = `${url.replace(/\/+$/, '')}/v1/events`
  const packed = new WeakMap<Batch, Uint8Array>()
  /** Something on the way answered 415 to gzip. */
  let isPlain = false

  async function pack(batch: Batch): Promise<Uint8Array | undefined> {
    if (isPlain || batch.ndjson.length <= MIN_GZIP_CHARACTERS) return undefined
    const known = packed.get(batch)
    if (known) return known
    try {
      const bytes = await gzip(batch.ndjson)
      if (bytes) packed.set(batch, bytes)
      return bytes ?? undefined
    } catch {
      // What cannot be compressed travels as it is.
      return undefined
    }
  }

  return {
    async send(batch, headers, signal) {
      // fetch would refuse it with a message that quotes the key.
      if (/[^ -~]/.test(apiKey)) throw new Error('the API key holds a character that no header carries')
      const bytes = await pack(batch)
      const post = (body: string | Uint8Array | undefined) =>
        (fetchOption ?? fetch)(endpoint, {
          method: 'POST',
          redirect: 'manual',
          headers: {
            ...headers,
            authorization: `Bearer ${apiKey}`,
            'content-type': 'application/x-ndjson',
            ...(body === bytes && bytes && { 'content-encoding': 'gzip' }),
          },
          body: body as string,
          signal,
        })
      let response = await post(bytes ?? batch.ndjson)
      if (response.status === 415 && bytes) {
        isPlain = true
        void response.body?.cancel().catch(() => {})
        response = await post(batch.ndjson)
      }
      return {
        status: response.status,
        body: await bodyOf(response),
        retryAfterMs: retryAfter(response.headers),
        location: response.headers.get('location') ?? undefined,
      }
    },
  }
}
