import type { Api } from '@flywheel/api/client'
import { hc } from 'hono/client'
import { resolveConnection } from './config.js'
import type { CommandContext } from './context.js'
import { CliError, EXIT, exitCodeOf } from './exit.js'
import { patientFetch } from './patient-fetch.js'

/** The typed client of the server that flags, environment or the connection file name. */
export interface Client {
  readonly url: string
  readonly v1: ReturnType<typeof hc<Api>>['v1']
  /** A request that the typed client has no form for; the same errors. */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

type Send = (input: string | URL | Request, init: RequestInit & { headers: Headers }) => Promise<Response>

/**
 * Connects nothing yet; every request fails with one sentence and an exit code.
 * @throws CliError `notAllowed` where no key is known
 */
export function createClient({ flags, signal }: Pick<CommandContext, 'flags' | 'signal'>): Client {
  const { url, apiKey } = resolveConnection(flags)
  if (apiKey === null) {
    throw new CliError(
      EXIT.notAllowed,
      `No API key for ${url}: set FLYWHEEL_API_KEY, or run this where flywheel up was started`,
    )
  }
  const asking =
    (send: Send) =>
    async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${apiKey}`)
      let response: Response
      try {
        response = await send(input, { ...init, headers, signal })
      } catch (cause) {
        if (signal.aborted) throw new CliError(EXIT.interrupted, 'Interrupted.', { cause })
        throw new CliError(
          EXIT.failed,
          `No server answers at ${url}: start one with flywheel up, or set FLYWHEEL_URL`,
          {
            cause,
          },
        )
      }
      if (response.ok) return response
      throw await failureOf(response, url)
    }
  return {
    url,
    v1: hc<Api>(url, { fetch: asking((input, init) => patientFetch(new URL(String(input)), init)) }).v1,
    fetch: (path, init) => asking(fetch)(`${url}${path}`, init),
  }
}

async function failureOf(response: Response, url: string): Promise<CliError> {
  const text = await response.text()
  try {
    const { code, detail, request_id } = JSON.parse(text) as { code?: string; detail?: string; request_id?: string }
    if (typeof code === 'string' && typeof detail === 'string') {
      const exitCode = exitCodeOf(response.status, code)
      // A request id helps where the cause is in the server's log.
      const where = response.status >= 500 ? ` (request ${request_id})` : ''
      return new CliError(exitCode, `${detail}${where}`, { code })
    }
  } catch {
    // Not ours: a proxy, or another server on this port.
  }
  return new CliError(
    exitCodeOf(response.status, ''),
    `${url} answered ${response.status} and is no Flywheel server, or a proxy before one`,
  )
}
