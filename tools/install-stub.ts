import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'stub',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello' } }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}
const chunk = (delta: object, finish_reason: string | null) => ({
  ...completion,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason }],
})
const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'stub',
  content: [{ type: 'text', text: 'Hello' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
}
const content = {
  candidates: [{ index: 0, finishReason: 'STOP', content: { role: 'model', parts: [{ text: 'Hello' }] } }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  modelVersion: 'stub',
  responseId: 'r1',
}

function sse(response: ServerResponse, frames: readonly object[], end = ''): void {
  response.setHeader('content-type', 'text/event-stream')
  const text = (frame: object) => `${'type' in frame ? `event: ${frame.type}\n` : ''}data: ${JSON.stringify(frame)}\n\n`
  response.end(frames.map(text).join('') + end)
}

function answer(path: string, isStream: boolean, response: ServerResponse): void {
  if (path.endsWith('/chat/completions') && isStream) {
    const deltas = [chunk({ role: 'assistant', content: 'Hel' }, null), chunk({ content: 'lo' }, null)]
    sse(response, [...deltas, chunk({}, 'stop')], 'data: [DONE]\n\n')
  } else if (path.endsWith('/messages') && isStream) {
    sse(response, [
      { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ])
  } else if (path.includes(':streamGenerateContent')) sse(response, [content])
  else {
    response.setHeader('content-type', 'application/json')
    const whole = path.includes(':generateContent') ? content : path.endsWith('/messages') ? message : completion
    response.end(JSON.stringify(whole))
  }
}

/** One server that answers `Hello` as OpenAI, as Anthropic and as Google, by the path of the request. */
export async function providers(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const path = (request.url ?? '').replace(/\?.*/, '')
      answer(path, Buffer.concat(pieces).includes('"stream":true'), response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
