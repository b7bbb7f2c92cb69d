import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startStandalone } from '../src/index.js'

// Rows a second from HTTP to stored, everything in one process and the generator on the same cores, against a bare
// insert of such rows by the same engine, in turns.

const short = process.argv.includes('--short')
const ROWS = short ? 4_000 : 20_000
const ROUNDS = short ? 1 : 3
const flags = [...process.execArgv]
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

interface Round {
  rows_per_second: number
  ack_ms: { p50: number; p99: number }
}

async function endToEnd(): Promise<Round> {
  const dataDir = mkdtempSync(join(tmpdir(), 'flywheel-bench-'))
  const server = await startStandalone({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    exportTimezone: 'UTC',
    logLevel: 'warn',
  })
  const key = server.keys?.secret ?? ''
  const load = spawn(process.execPath, [...flags, file('load.ts'), server.url, key, String(ROWS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: load.stdout })[Symbol.asyncIterator]()
  await lines.next()
  const started = performance.now()
  load.stdin.write('go\n')
  const latencies = JSON.parse((await lines.next()).value as string) as number[]
  const ask = async <Answer>(path: string): Promise<Answer> =>
    (await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${key}` } })).json() as Promise<Answer>
  // The backlog is a look into memory; the sums, which read tables, are asked for once and outside the measure.
  while ((await ask<{ backlog: { records: number } }>('/v1/health')).backlog.records > 0) await sleep(20)
  const seconds = (performance.now() - started) / 1000
  const { stored, balanced } = await ask<{ stored: number; balanced: boolean }>('/v1/accounting')
  if (stored !== ROWS || !balanced) throw new Error(`${stored} of ${ROWS} rows are stored, balanced: ${balanced}`)
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
  return { rows_per_second: Math.round(ROWS / seconds), ack_ms: quantiles(latencies) }
}

function bare(): number {
  const seconds = Number(
    execFileSync(process.execPath, [...flags, file('bare.ts'), String(ROWS)], { encoding: 'utf8' }),
  )
  return Math.round(ROWS / seconds)
}

function quantiles(values: number[]): { p50: number; p99: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10
  return { p50: at(0.5), p99: at(0.99) }
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const rounds: { flywheel: Round; bare: number }[] = []
for (let round = 0; round < ROUNDS; round += 1) rounds.push({ bare: bare(), flywheel: await endToEnd() })
const own = median(rounds.map(({ flywheel }) => flywheel.rows_per_second))
const peer = median(rounds.map((round) => round.bare))
console.log(
  JSON.stringify({
    name: 'end to end, embedded',
    unit: 'rows/s',
    rows_per_second: own,
    bare_insert_rows_per_second: peer,
    ratio: Number((own / peer).toFixed(3)),
    parameters: { rows: ROWS, events_a_body: 50, mean_row_bytes: 5_000, encoding: 'gzip' },
    samples: rounds,
  }),
)
