import { Agent, request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { makeBodies } from './bodies.js'

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

const bodies = makeBodies()
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
