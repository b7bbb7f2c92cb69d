import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { createUuidv7 } from '@flywheel/schema'

// The load: its own process, so that what it costs is not counted as the server's. Told by messages of its parent.

/** One order: POST bodies to `url` for `ms`. */
export interface Order {
  url: string
  authorization: string
  encoding: 'identity' | 'gzip'
  ms: number
  concurrency: number
}

/** What came of an order. */
export interface Result {
  requests: number
  failures: number
  seconds: number
  latencies_ms: { p50: number; p99: number }
  body_bytes: number
}

const EVENTS_A_BODY = 50
const BODIES = 48
const WORDS =
  'reset the device hold button until light turns green then release wait seconds account order refund'.split(' ')
const newId = createUuidv7(Date.now, randomBytes)

function text(length: number): string {
  let words = ''
  while (words.length < length) words += `${WORDS[Math.floor(Math.random() * WORDS.length)]} `
  return words
}

/** An interaction of about 4.2 KB. */
function event(): string {
  return JSON.stringify({
    type: 'interaction',
    id: newId(),
    schema_version: 1,
    turn_id: newId(),
    session_id: newId(),
    user_id: `user-${Math.floor(Math.random() * 500)}`,
    task: 'support-reply',
    environment: 'production',
    operation: 'chat',
    provider: 'openai',
    model_requested: 'gpt-4o-mini',
    model_answered: 'gpt-4o-mini-2024-07-18',
    provider_response_id: `chatcmpl-${randomBytes(12).toString('hex')}`,
    system: [{ type: 'text', content: text(800) }],
    messages: [
      { role: 'user', parts: [{ type: 'text', content: text(900) }] },
      { role: 'assistant', parts: [{ type: 'text', content: text(600) }] },
      { role: 'user', parts: [{ type: 'text', content: text(300) }] },
    ],
    parameters: { temperature: 0.2, max_tokens: 400 },
    outputs: [{ role: 'assistant', parts: [{ type: 'text', content: text(600) }] }],
    finish_reasons: ['stop'],
    usage_input_tokens: 700,
    usage_output_tokens: 150,
    duration_ms: 812.25,
    status: 'ok',
    metadata: { tenant: 'acme', region: 'eu-west-1' },
    consent: { train: 'granted' },
    sdk_name: '@flywheel/sdk',
    sdk_version: '0.0.0',
  })
}

const bodies = Array.from({ length: BODIES }, () =>
  Buffer.from(`${Array.from({ length: EVENTS_A_BODY }, event).join('\n')}\n`),
)
const gzipped = bodies.map((body) => gzipSync(body))

async function run({ url, authorization, encoding, ms, concurrency }: Order): Promise<Result> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  const pool = encoding === 'gzip' ? gzipped : bodies
  const latencies: number[] = []
  let failures = 0
  let next = 0
  const began = performance.now()
  const post = () =>
    new Promise<void>((resolve) => {
      const body = pool[next++ % pool.length] as Buffer
      const start = performance.now()
      const headers = {
        authorization,
        'content-type': 'application/x-ndjson',
        'content-encoding': encoding,
        'content-length': body.length,
      }
      const sent = request(url, { method: 'POST', agent, headers }, (response) => {
        response.resume()
        response.on('end', () => {
          if (response.statusCode === 202) latencies.push(performance.now() - start)
          else failures++
          resolve()
        })
      })
      sent.on('error', () => {
        failures++
        resolve()
      })
      sent.end(body)
    })
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() - began < ms) await post()
    }),
  )
  const seconds = (performance.now() - began) / 1000
  agent.destroy()
  latencies.sort((a, b) => a - b)
  const at = (share: number) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2))
  return {
    requests: latencies.length,
    failures,
    seconds,
    latencies_ms: { p50: at(0.5), p99: at(0.99) },
    body_bytes: Math.round(pool.reduce((sum, body) => sum + body.length, 0) / pool.length),
  }
}

process.on('message', (order: Order) => {
  void run(order).then((result) => process.send?.(result))
})
