import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A local server that speaks enough of OpenAI's wire for the real client: JSON and SSE. */
export interface OpenAIStub {
  readonly url: string
  /** Parsed bodies of the chat requests, in order. */
  readonly requests: Record<string, unknown>[]
  /** Answers the next chat requests, in order; then `answer` again. */
  readonly queue: Answer[]
  answer: Answer
  close(): Promise<void>
}
export type Answer = (request: Record<string, unknown>, response: ServerResponse, raw: IncomingMessage) => void

export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req_1', ...headers })
    response.end(JSON.stringify(body))
  }

export function completion(
  message: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-test-2026',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop', logprobs: null }],
    usage: {
      prompt_tokens: 12,
      completion_tokens: 7,
      total_tokens: 19,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 3 },
    },
    ...more,
  }
}

export function chunk(
  delta: Record<string, unknown>,
  more: Record<string, unknown> = {},
  index = 0,
): Record<string, unknown> {
  const { finish_reason = null, ...rest } = more
  return {
    id: 'chatcmpl-2',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'gpt-test-2026',
    choices: [{ index, delta, finish_reason }],
    ...rest,
  }
}

/** Streams chunks; `end` says how the body stops. */
export const sse =
  (chunks: unknown[], end: 'done' | 'cut' | 'destroy' | 'open' = 'done', delayMs = 0): Answer =>
  async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'req_2' })
    for (const value of chunks) {
      response.write(`data: ${JSON.stringify(value)}\n\n`)
      if (delayMs) await new Promise((resolve) => setTimeout(resolve, delayMs))
    }
    if (end === 'done') response.end('data: [DONE]\n\n')
    else if (end === 'cut') response.end()
    else if (end === 'destroy') setTimeout(() => response.destroy(), 20)
  }

export const words = (texts: string[], usage?: unknown): unknown[] => [
  chunk({ role: 'assistant', content: '' }),
  ...texts.map((content) => chunk({ content })),
  chunk({}, { finish_reason: 'stop' }),
  ...(usage ? [{ ...chunk({}), choices: [], usage }] : []),
]

export async function openaiStub(): Promise<OpenAIStub> {
  const requests: Record<string, unknown>[] = []
  const queue: Answer[] = []
  const stub = { requests, queue, answer: json(completion({ content: 'Hello' })) }
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece) => pieces.push(piece))
    request.on('end', () => {
      if (request.url?.startsWith('/v1/models')) {
        return json({
          object: 'list',
          data: [
            { id: 'a', object: 'model' },
            { id: 'b', object: 'model' },
          ],
        })({}, response, request)
      }
      const body = JSON.parse(Buffer.concat(pieces).toString() || '{}')
      requests.push(body)
      ;(queue.shift() ?? stub.answer)(body, response, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(stub, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}
