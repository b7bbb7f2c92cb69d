import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the endpoint was asked. */
export interface Asked {
  model: string
  messages: { role: string; content?: string; tool_calls?: unknown[] }[]
  tools?: unknown[]
  temperature: number
}

/** How it answers one request. */
export type Reply =
  | { text: string; finish_reason?: string }
  | { calls: { name: string; arguments: string }[] }
  | { message: Record<string, unknown> }
  | { status: number; headers?: Record<string, string>; error?: string }
  | 'garbage'
  | 'hang'

/** A server that behaves like an OpenAI-compatible endpoint, as well and as badly as it is told. */
export interface EndpointServer {
  url: string
  /** Every request, in the order of arrival. */
  requests: { asked: Asked; authorization: string | undefined; at: number }[]
  close(): Promise<void>
}

function completion(reply: Exclude<Reply, string | { status: number }>): object {
  if ('message' in reply)
    return { model: 'tuned-7', choices: [{ index: 0, message: reply.message, finish_reason: 'stop' }] }
  const message =
    'text' in reply
      ? { role: 'assistant', content: reply.text }
      : {
          role: 'assistant',
          content: null,
          tool_calls: reply.calls.map((call, n) => ({ id: `srv-${n}`, type: 'function', function: call })),
        }
  const finish_reason = 'text' in reply ? (reply.finish_reason ?? 'stop') : 'tool_calls'
  return { object: 'chat.completion', model: 'tuned-7', choices: [{ index: 0, message, finish_reason }] }
}

function send(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
}

/** Starts it; `reply` is asked with the request and how often the same conversation was asked before. */
export async function startEndpoint(
  reply: (asked: Asked, before: number) => Reply | Promise<Reply>,
): Promise<EndpointServer> {
  const requests: EndpointServer['requests'] = []
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/v1/models') return send(response, 200, '{"data":[{"id":"tuned-7"}]}')
    if (request.url !== '/v1/chat/completions') return send(response, 404, '{}')
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const asked = JSON.parse(text) as Asked
    const same = JSON.stringify(asked.messages)
    const before = requests.filter((each) => JSON.stringify(each.asked.messages) === same).length
    requests.push({ asked, authorization: request.headers.authorization, at: performance.now() })
    const made = await reply(asked, before)
    if (made === 'hang') return
    if (made === 'garbage') return send(response, 200, '<html>Bad gateway')
    if ('status' in made) {
      return send(response, made.status, JSON.stringify({ error: { message: made.error ?? 'no' } }), made.headers)
    }
    send(response, 200, JSON.stringify(completion(made)))
  }
  const server: Server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
