import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How the stub answers one request. */
export type Reply = (response: ServerResponse) => void

/** A local server that answers whatever it is asked with the next scripted reply, whatever the provider's wire is. */
export interface ProviderStub {
  readonly url: string
  /** Bodies of the requests, in order. */
  readonly requests: string[]
  /** Replies to the next requests, in order. */
  readonly queue: Reply[]
  close(): Promise<void>
}

/** A whole answer. */
export const whole =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Reply =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }

/**
 * A streamed answer, frame by frame. `end` says how the body stops: as it should, with the connection open for ever, or
 * with the connection reset.
 */
export const frames =
  (pieces: readonly string[], end: 'end' | 'open' | 'reset' = 'end', delayMs = 0): Reply =>
  async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const piece of pieces) {
      if (delayMs) await new Promise((resolve) => setTimeout(resolve, delayMs))
      response.write(piece)
    }
    if (end === 'end') response.end()
    else if (end === 'reset') setTimeout(() => response.destroy(), 20)
  }

/** Takes the request and never answers. */
export const silence: Reply = () => {}

export async function providerStub(): Promise<ProviderStub> {
  const requests: string[] = []
  const queue: Reply[] = []
  const server = createServer((request, response) => {
    // Some libraries hand the headers to the host, and two answers a second apart would differ.
    response.sendDate = false
    const pieces: Buffer[] = []
    request.on('error', () => {})
    response.on('error', () => {})
    request.on('data', (piece) => pieces.push(piece))
    request.on('end', () => {
      requests.push(Buffer.concat(pieces).toString())
      const reply = queue.shift() ?? whole({ error: { message: 'the test scripted no reply' } }, 418)
      reply(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    queue,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
