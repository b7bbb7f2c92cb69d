/** The provider and the collector of the benchmark, in a process of their own so that their CPU is not ours. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const CHUNKS = 100
const completion = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'bench',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'word '.repeat(100) }, finish_reason: 'stop', logprobs: null },
  ],
  usage: { prompt_tokens: 200, completion_tokens: 100, total_tokens: 300 },
})
const chunk = (delta: object, finish_reason: string | null) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'bench', choices: [{ index: 0, delta, finish_reason }] })}\n\n`
const stream = `${Array.from({ length: CHUNKS - 1 }, () => chunk({ content: 'word ' }, null)).join('')}${chunk({}, 'stop')}data: [DONE]\n\n`

const server = createServer((request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece) => pieces.push(piece))
  request.on('end', () => {
    if (request.url === '/v1/events') {
      response.writeHead(202, { 'content-type': 'application/json' })
      // How many lines there were is nothing to a client that reads only `rejected`.
      response.end('{"accepted":1,"rejected":[]}')
    } else if (Buffer.concat(pieces).includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(stream)
    } else {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(completion)
    }
  })
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit(0))
