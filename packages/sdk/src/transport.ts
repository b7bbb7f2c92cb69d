/** One request's worth of events. A retry hands over the same object, so the same bytes. */
export interface Batch {
  /** Newline-delimited JSON, one event a line. */
  readonly ndjson: string
  /** Number of lines. */
  readonly count: number
}

/** What came back. `status` 0 never occurs: a transport that got no answer rejects. */
export interface TransportAnswer {
  readonly status: number
  /** The parsed JSON body, or null. */
  readonly body: unknown
  readonly retryAfterMs?: number | undefined
}

/** Carries batches to a collector. May reject or hang: the client retries, and aborts `signal` after its timeout. */
export interface Transport {
  send(batch: Batch, headers: Record<string, string>, signal: AbortSignal): Promise<TransportAnswer>
}

const MIN_GZIP_CHARACTERS = 1024

function retryAfter(header: string | null): number | undefined {
  if (!header) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return ms >= 0 ? ms : undefined
}

/** Posts to `<url>/v1/events`; compresses once a batch, off the host's path. */
export function httpTransport(
  url: string,
  apiKey: string,
  gzip: (text: string) => Promise<Uint8Array | null>,
  fetchOption?: typeof fetch,
): Transport {
  const endpoint = `${url.replace(/\/+$/, '')}/v1/events`
  const packed = new WeakMap<Batch, Uint8Array>()
  return {
    async send(batch, headers, signal) {
      let bytes = packed.get(batch)
      if (!bytes && batch.ndjson.length > MIN_GZIP_CHARACTERS) {
        bytes = (await gzip(batch.ndjson)) ?? undefined
        if (bytes) packed.set(batch, bytes)
      }
      const response = await (fetchOption ?? fetch)(endpoint, {
        method: 'POST',
        headers: {
          ...headers,
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/x-ndjson',
          ...(bytes && { 'content-encoding': 'gzip' }),
        },
        body: (bytes ?? batch.ndjson) as string,
        signal,
      })
      const text = await response.text()
      let body: unknown = null
      try {
        body = JSON.parse(text)
      } catch {
        // A proxy's page; the delivery judges by status and shape.
      }
      return { status: response.status, body, retryAfterMs: retryAfter(response.headers.get('retry-after')) }
    },
  }
}
