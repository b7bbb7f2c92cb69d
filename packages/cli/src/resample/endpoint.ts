import { setTimeout } from 'node:timers/promises'
import type { Completion } from '@flywheel/curation'
import pRetry, { AbortError } from 'p-retry'
import { CliError, EXIT } from '../exit.js'
import { completionOf, failureText, isObject, parsed } from './chat-completion.js'
import type { Sampling } from './sampling.js'

/** What an endpoint made of one request: an answer, or why there is none for this row alone, `why` in its own words. */
export type Answer = Completion | { failed: 'no_answer' | 'refused_by_endpoint'; why: string }

/** Asks one endpoint; `ask` fails only for what concerns every row. */
export interface Endpoint {
  ask(request: object, signal: AbortSignal): Promise<Answer>
}

/** How an endpoint is asked. */
export interface EndpointOptions {
  sampling: Sampling
  apiKey: string | null
  /** Of one attempt. */
  timeout_ms: number
  /** After the first attempt. */
  retries: number
  /** The first pause; it doubles up to a minute. @default 1000 */
  pause_ms?: number
  /** Hears why a request is tried again. */
  onTrouble?(why: string): void
}

// An endpoint that asks for more is better asked again by a person.
const LONGEST_WAIT_MS = 5 * 60_000
// Which models there are is no work for one.
const LONGEST_LISTING_MS = 20_000
const TRANSIENT = new Set([408, 409, 425, 429])

class Unanswered extends Error {
  readonly retry_after_ms: number
  constructor(message: string, retry_after_ms = 0) {
    super(message)
    this.retry_after_ms = retry_after_ms
  }
}

class Refused extends Error {}

/** Why `fetch` failed: its own message says "fetch failed" of everything. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { code?: string; message?: string } }
  return cause?.code ?? cause?.message ?? message
}

const statusText = (status: number, body: string): string =>
  [`HTTP ${status}`, failureText(body)].filter((text) => text !== '').join(': ')

/** RFC 9110: seconds or a date. */
export function retryAfter(header: string | null, now: number): number {
  if (header === null) return 0
  const seconds = Number(header)
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now
  return Number.isFinite(wait) ? Math.min(LONGEST_WAIT_MS, Math.max(0, wait)) : 0
}

/** An endpoint that is asked with pauses, as long as it says or doubling; a hang ends at the timeout. */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { sampling, apiKey, timeout_ms, retries, pause_ms = 1000, onTrouble } = options
  const { endpoint, model, temperature, top_p, max_tokens } = sampling
  const parameters = {
    model,
    temperature,
    ...(top_p === null ? {} : { top_p }),
    ...(max_tokens === null ? {} : { max_tokens }),
  }
  const headers = {
    'content-type': 'application/json',
    ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
  }

  async function attempt(body: string, signal: AbortSignal): Promise<Completion> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)])
    let response: Response
    let text: string
    try {
      // A key must not follow a redirect to another host.
      response = await fetch(`${endpoint}/chat/completions`, {
        method: 'POST',
        headers,
        body,
        signal: limit,
        redirect: 'manual',
      })
      text = await response.text()
    } catch (cause) {
      signal.throwIfAborted()
      throw new Unanswered(reasonOf(cause))
    }
    const { status } = response
    if (status === 200) {
      const completion = completionOf(parsed(text), model)
      if (completion === null) throw new Unanswered('its answer is no chat completion')
      return completion
    }
    if (TRANSIENT.has(status) || status >= 500) {
      throw new Unanswered(statusText(status, text), retryAfter(response.headers.get('retry-after'), Date.now()))
    }
    if (status === 400 || status === 413 || status === 422) throw new AbortError(new Refused(statusText(status, text)))
    throw new AbortError(
      new CliError(EXIT.failed, `${endpoint} answers ${statusText(status, text)}; ${inWords(status)}`),
    )
  }

  return {
    async ask(request, signal) {
      const body = JSON.stringify({ ...request, ...parameters, n: 1, stream: false })
      try {
        return await pRetry(() => attempt(body, signal), {
          retries,
          minTimeout: pause_ms,
          maxTimeout: 60_000,
          randomize: true,
          signal,
          onFailedAttempt: async ({ error, retriesLeft }) => {
            if (!(error instanceof Unanswered) || retriesLeft === 0) return
            onTrouble?.(error.message)
            await setTimeout(error.retry_after_ms, undefined, { signal })
          },
        })
      } catch (error) {
        if (error instanceof Refused) return { failed: 'refused_by_endpoint', why: error.message }
        if (error instanceof Unanswered) return { failed: 'no_answer', why: error.message }
        throw error
      }
    },
  }
}

function inWords(status: number): string {
  if (status === 401 || status === 403) return 'name the variable that holds its key with --api-key-env'
  if (status === 404) return 'check --model, and that --endpoint ends where /chat/completions begins'
  if (status >= 300 && status < 400) return 'it redirects; give the address it redirects to'
  return 'the request is not one that it takes'
}

/**
 * The one model that an endpoint serves.
 * @throws CliError where it serves several, or does not say
 */
export async function onlyModel(
  endpoint: string,
  { apiKey, timeout_ms, signal }: { apiKey: string | null; timeout_ms: number; signal: AbortSignal },
): Promise<string> {
  const headers: Record<string, string> = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.min(timeout_ms, LONGEST_LISTING_MS))])
  let status: number
  let text: string
  try {
    const response = await fetch(`${endpoint}/models`, { headers, signal: limit, redirect: 'manual' })
    status = response.status
    text = await response.text()
  } catch (cause) {
    signal.throwIfAborted()
    const message = `${endpoint} does not answer: ${reasonOf(cause)}; check --endpoint, and that it is up`
    throw new CliError(EXIT.failed, message, { cause })
  }
  if (status !== 200) {
    const advice =
      status === 404
        ? 'check that --endpoint ends where /models begins, as http://127.0.0.1:8000/v1 does, or name the model with --model'
        : inWords(status)
    throw new CliError(EXIT.failed, `${endpoint}/models answers ${statusText(status, text)}; ${advice}`)
  }
  const body = parsed(text)
  const list = isObject(body) && Array.isArray(body['data']) ? (body['data'] as unknown[]) : []
  const ids = list.flatMap((each) => (isObject(each) && typeof each['id'] === 'string' ? [each['id']] : []))
  if (ids.length === 1) return ids[0] as string
  const known = ids.length === 0 ? '' : `; it has ${ids.slice(0, 10).join(', ')}`
  throw new CliError(EXIT.usage, `Name the model to sample with --model${known}`)
}
