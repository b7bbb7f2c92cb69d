import { gzipSync } from 'node:zlib'
import { interaction, toNdjson } from './rows.js'

// The generator: a process of its own on the same cores. Posts bodies of 50 fresh events, gzipped beforehand, and
// prints the latency of every acknowledgement in milliseconds as one JSON array.

const [url = '', key = '', total = '0'] = process.argv.slice(2)
const EVENTS = 50
const CONCURRENCY = 8
const bodies = Array.from({ length: Number(total) / EVENTS }, () =>
  gzipSync(toNdjson(Array.from({ length: EVENTS }, interaction)), { level: 1 }),
)
console.log('ready')
await new Promise((resolve) => process.stdin.once('data', resolve))
const latencies: number[] = []
async function post(): Promise<void> {
  for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
    const started = performance.now()
    const answer = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/x-ndjson',
        'content-encoding': 'gzip',
      },
      body,
    })
    const { accepted } = (await answer.json()) as { accepted: number }
    if (answer.status !== 202 || accepted !== EVENTS) throw new Error(`answered ${answer.status}`)
    latencies.push(performance.now() - started)
  }
}
await Promise.all(Array.from({ length: CONCURRENCY }, post))
console.log(JSON.stringify(latencies))
process.exit(0)
