/**
 * What the contenders of the benchmark talk to, in a process of its own so that its CPU is nobody's: a provider that
 * speaks OpenAI's wire, and a sink that accepts each contender's ingestion protocol and looks into every body that it
 * acknowledged for the marks of the answers, however the body is encoded. The provider also takes orders (`/control/…`).
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'

const CHUNKS = 100
const FIRST_CHUNK_MS = 2
/** A collector is some network away: contenders that send as soon as the last answer came then send in batches. */
const SINK_MS = 25
const WORDS = 'word '.repeat(98)

/** The question's mark `#q<run>-<n>#` comes back as the answer's `#a<run>-<n>#`. */
function markOf(body: string): string {
  return `#a${/#q([0-9a-z]+-\d+)#/.exec(body)?.[1] ?? 'x-0'}#`
}

let answers = 0
function completion(mark: string): string {
  return JSON.stringify({
    id: `chatcmpl-${++answers}`,
    object: 'chat.completion',
    created: 1,
    model: 'bench',
    choices: [
      { index: 0, message: { role: 'assistant', content: `${mark} ${WORDS}` }, finish_reason: 'stop', logprobs: null },
    ],
    usage: { prompt_tokens: 200, completion_tokens: 100, total_tokens: 300 },
  })
}

function chunk(delta: object, more: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: null }]
  const head = { id: `chatcmpl-${answers}`, object: 'chat.completion.chunk', created: 1, model: 'bench' }
  return `data: ${JSON.stringify({ ...head, choices, ...more })}\n\n`
}
const last = () => chunk({}, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })

function stream(mark: string, response: ServerResponse): void {
  answers++
  const middle = chunk({ content: 'word ' }).repeat(CHUNKS - 2)
  response.end(`${chunk({ role: 'assistant', content: `${mark} ` })}${middle}${last()}data: [DONE]\n\n`)
}

/** The first chunk says how many ns this process held it back, so that a late timer here is not the contender's. */
function slowStream(mark: string, response: ServerResponse): void {
  const arrived = process.hrtime.bigint()
  answers++
  response.flushHeaders()
  setTimeout(() => {
    const held = { system_fingerprint: String(process.hrtime.bigint() - arrived) }
    response.write(chunk({ role: 'assistant', content: `${mark} ` }, held))
    setTimeout(() => response.end(`${chunk({ content: 'word ' })}${last()}data: [DONE]\n\n`), 1)
  }, FIRST_CHUNK_MS)
}

function listener(answer: (body: Buffer, request: IncomingMessage, response: ServerResponse) => void): RequestListener {
  return (request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => answer(Buffer.concat(pieces), request, response))
  }
}

/** How often each answer's mark was in an acknowledged request, by run. */
const seen = new Map<string, Map<number, number>>()
const requests = new Map<string, number>()

function decoded(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'gzip') return gunzipSync(body)
  if (encoding === 'deflate') return inflateSync(body)
  if (encoding === 'br') return brotliDecompressSync(body)
  if (encoding) throw new Error(`the sink cannot read ${encoding}`)
  return body
}

function acknowledged(body: Buffer, request: IncomingMessage): void {
  const path = `${request.method} ${request.url?.replace(/\?.*/, '')}`
  requests.set(path, (requests.get(path) ?? 0) + 1)
  // One request that carries a mark several times (an output in two forms) is one delivery of it.
  const marks = new Set(
    decoded(body, request.headers['content-encoding'])
      .toString('latin1')
      .match(/#a[0-9a-z]+-\d+#/g),
  )
  for (const mark of marks) {
    const [run = '', call = ''] = mark.slice(2, -1).split('-')
    const calls = seen.get(run) ?? new Map<number, number>()
    seen.set(run, calls.set(Number(call), (calls.get(Number(call)) ?? 0) + 1))
  }
}

/** What each protocol wants to hear. */
function acknowledgement(body: Buffer, request: IncomingMessage): [status: number, body: unknown] {
  const url = `http://${request.headers.host}`
  const { pathname } = new URL(request.url ?? '/', url)
  if (pathname === '/v1/events') return [202, { accepted: lines(body, request), rejected: [] }]
  if (pathname === '/api/apikey/login')
    return [200, { org_info: [{ id: 'o', name: 'o', api_url: url, proxy_url: url }] }]
  if (pathname === '/api/project/register') return [200, { project: { id: 'p', name: 'bench', org_id: 'o' } }]
  if (pathname === '/logs3') return [200, { ids: [] }]
  if (pathname.startsWith('/batch')) return [200, { status: 'Ok' }]
  if (pathname.startsWith('/runs')) return [202, {}]
  return [200, {}]
}

function lines(body: Buffer, request: IncomingMessage): number {
  return decoded(body, request.headers['content-encoding']).toString('latin1').split('\n').length
}

const sinkListener = listener((body, request, response) => {
  const [status, answer] = acknowledgement(body, request)
  const isProtobuf = /protobuf/.test(request.headers['content-type'] ?? '')
  setTimeout(() => {
    if (response.destroyed) return
    acknowledged(body, request)
    response.writeHead(status, { 'content-type': isProtobuf ? 'application/x-protobuf' : 'application/json' })
    response.end(isProtobuf ? '' : JSON.stringify(answer))
  }, SINK_MS)
})

function listen(server: Server, port = 0): Promise<number> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
let sink = createServer(sinkListener)
const sinkPort = await listen(sink)

async function control(order: URL): Promise<unknown> {
  const run = order.searchParams.get('run') ?? ''
  if (order.pathname === '/control/down') {
    // As a collector that is gone: connections are refused, open ones are reset, nothing under way is answered.
    sink.closeAllConnections()
    await new Promise((resolve) => {
      sink.close(resolve)
      sink.closeAllConnections()
    })
  } else if (order.pathname === '/control/up') {
    sink = createServer(sinkListener)
    await listen(sink, sinkPort)
  } else if (order.pathname === '/control/requests') return Object.fromEntries(requests)
  const calls = [...(seen.get(run) ?? [])]
  const numbers = calls.map(([call]) => call)
  return {
    delivered: calls.length,
    twice: calls.filter(([, times]) => times > 1).length,
    first: numbers.length > 0 ? numbers.reduce((a, b) => Math.min(a, b)) : null,
    last: numbers.length > 0 ? numbers.reduce((a, b) => Math.max(a, b)) : null,
  }
}

const provider = createServer(
  listener((body, request, response) => {
    if (request.url?.startsWith('/control/')) {
      void control(new URL(request.url, 'http://control')).then((answer) => response.end(JSON.stringify(answer)))
      return
    }
    const text = body.toString()
    const mark = markOf(text)
    if (text.includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      if (text.includes('"bench-first-token"')) slowStream(mark, response)
      else stream(mark, response)
    } else {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(completion(mark))
    }
  }),
)
const providerPort = await listen(provider)
process.send?.({ provider: `http://127.0.0.1:${providerPort}`, sink: `http://127.0.0.1:${sinkPort}` })
process.on('disconnect', () => process.exit(0))
