import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

// The embedded profile as it is published, in a process of its own, the generator on the same cores: memory at rest and
// under load, and at 70% of what it stores in this run the acknowledgement, the time until an event is queryable and the
// delay of the event loop, alone and beside a heavy query.

const short = process.argv.includes('--short')
const CALIBRATION_ROWS = short ? 2_000 : 15_000
const SECONDS = short ? 3 : 20
const LOAD = 0.7
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const HEAVY =
  'SELECT model_requested, count(), quantiles(0.5, 0.99)(length(messages)), uniqExact(session_id) FROM interactions GROUP BY model_requested'

// From sources, a compiler would be in the memory that is measured.
execFileSync('npm', ['run', 'build', '--silent', '-w', '@flywheel/cli'], {
  cwd: file('../../..'),
  stdio: ['ignore', 'ignore', 'inherit'],
})
const dataDir = mkdtempSync(join(tmpdir(), 'flywheel-latency-'))
const server = spawn(
  process.execPath,
  [file('../../../packages/cli/dist/main.js'), 'up', '--data-dir', dataDir, '--port', '0', '--format', 'jsonl'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
const { url, secret_key: key } = JSON.parse(line) as { url: string; secret_key: string }
const headers = { authorization: `Bearer ${key}` }

/** Megabytes of the server's memory: `VmRSS` now, `VmHWM` at most so far. */
function memory(name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
  return Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
}

async function drained(): Promise<void> {
  for (;;) {
    const health = (await (await fetch(`${url}/v1/health`, { headers })).json()) as { backlog: { records: number } }
    if (health.backlog.records === 0) return
    await sleep(20)
  }
}

/** 99th percentile in milliseconds since the last time it was asked. The clock that measures it ticks every 10 ms. */
async function loopDelay(): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers })).text()
  return Math.round(Number(/^nodejs_eventloop_lag_p99_seconds ([\d.e-]+)/m.exec(text)?.[1]) * 10_000) / 10
}

/** Its last line, and when it began to send. */
async function child(name: string, args: string[]): Promise<{ answer: string; started: number }> {
  const flags = ['--conditions=@flywheel/source', '--import', 'tsx']
  const load = spawn(process.execPath, [...flags, file(name), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  let started = performance.now()
  load.stdout.on('data', (piece: Buffer) => {
    // The bodies are made: what follows is the server's.
    if (output === '') {
      started = performance.now()
      load.stdin.end('go\n')
    }
    output += piece.toString()
  })
  const [code] = (await once(load, 'close')) as [number]
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
  return { answer: output.trim().split('\n').at(-1) ?? '', started }
}

interface Phase {
  rows: number
  refused: Record<string, number>
  ack_ms: { p50: number; p99: number }
  queryable_ms: { p50: number; p99: number; samples: number }
  event_loop_p99_ms: number
  heavy_queries: number
}

async function phase(rowsPerSecond: number, withQueries: boolean): Promise<Phase> {
  await loopDelay()
  let isOver = false
  let queries = 0
  const asking = (async () => {
    while (withQueries && !isOver) {
      const answer = await fetch(`${url}/v1/query`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ sql: HEAVY }),
      })
      if (answer.status !== 200) throw new Error(`the query answered ${answer.status}: ${await answer.text()}`)
      await answer.arrayBuffer()
      queries += 1
    }
  })()
  const { answer } = await child('open-load.ts', [url, key, String(rowsPerSecond), String(SECONDS)])
  const seen = JSON.parse(answer) as {
    rows: number
    refused: Record<string, number>
    ack: number[]
    queryable: number[]
  }
  isOver = true
  await asking
  await drained()
  return {
    rows: seen.rows,
    refused: seen.refused,
    ack_ms: quantiles(seen.ack),
    queryable_ms: { ...quantiles(seen.queryable), samples: seen.queryable.length },
    event_loop_p99_ms: await loopDelay(),
    heavy_queries: queries,
  }
}

function quantiles(values: number[]): { p50: number; p99: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10
  return { p50: at(0.5), p99: at(0.99) }
}

await sleep(short ? 1000 : 5000)
const idleMb = memory('VmRSS')
await child('load.ts', [url, key, '1000'])
await drained()
const { started } = await child('load.ts', [url, key, String(CALIBRATION_ROWS)])
await drained()
const most = Math.round((1000 * CALIBRATION_ROWS) / (performance.now() - started))
const rate = Math.round(LOAD * most)
const alone = await phase(rate, false)
const beside = await phase(rate, true)
const underLoadMb = memory('VmHWM')
server.kill('SIGTERM')
await once(server, 'exit')
rmSync(dataDir, { recursive: true, force: true })
console.log(
  JSON.stringify({
    name: 'latency and memory, embedded',
    resident_mb: { idle: idleMb, at_most: underLoadMb },
    stored_rows_per_second_at_most: most,
    rows_per_second: rate,
    alone,
    beside_heavy_queries: beside,
    parameters: { seconds: SECONDS, load: LOAD, events_a_body: 50, mean_row_bytes: 5_000, encoding: 'gzip' },
  }),
)
