import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import type { FlywheelEvent } from '@flywheel/schema/wire'

export interface Received {
  readonly headers: IncomingHttpHeaders
  /** As it came over the wire, compressed or not. */
  readonly body: Buffer
  readonly events: FlywheelEvent[]
}
export type Behaviour = (response: ServerResponse, received: Received) => void

/** A collector that answers as the contract says, or misbehaves as told. */
export interface CollectorStub {
  readonly url: string
  /** Every request with a whole body, whatever became of it. */
  readonly requests: Received[]
  /** Events that were acknowledged, in order; a repeated id stands here twice. */
  readonly accepted: FlywheelEvent[]
  /** For the next requests, in order; then `behaviour`. */
  readonly queue: Behaviour[]
  behaviour: Behaviour
  readonly accept: Behaviour
  close(): Promise<void>
}

export const answer =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
/** Takes the request and never answers. */
export const hang: Behaviour = () => {}
/** Cuts the connection without an answer. */
export const cut: Behaviour = (response) => void response.socket?.destroy()
/** Cuts it in the middle of a 202 that was never kept. */
export const resetMidBody: Behaviour = (response) => {
  response.writeHead(202, { 'content-type': 'application/json', 'content-length': '500' })
  response.write('{"accepted":')
  setTimeout(() => response.socket?.destroy(), 5)
}

export async function collectorStub(): Promise<CollectorStub> {
  const requests: Received[] = []
  const accepted: FlywheelEvent[] = []
  const queue: Behaviour[] = []
  const accept: Behaviour = (response, { events }) => {
    accepted.push(...events)
    answer(202, { accepted: events.length, rejected: [] })(response, { headers: {}, body: Buffer.alloc(0), events })
  }
  const stub = { requests, accepted, queue, accept, behaviour: accept }
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece) => pieces.push(piece))
    request.on('error', () => {})
    request.on('end', () => {
      const body = Buffer.concat(pieces)
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()
      const received = {
        headers: request.headers,
        body,
        events: text
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      }
      requests.push(received)
      ;(queue.shift() ?? stub.behaviour)(response, received)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(stub, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}
