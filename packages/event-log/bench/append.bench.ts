import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalLog } from '@flywheel/event-log'
import { open } from 'lmdb'

// Durable appends a second at concurrency 64 against bare LMDB puts of the same size, fsynced too. The two take turns in
// one run, so that a change of the machine's mood hits both.

const CONCURRENCY = 64
const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? 1 : 5

interface Sample {
  per_second: number
  p50_ms: number
  p99_ms: number
}

async function timeAll(count: number, write: (n: number) => Promise<unknown>): Promise<Sample> {
  const latencies: number[] = []
  let next = 0
  const began = performance.now()
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (next < count) {
        const n = next++
        const start = performance.now()
        await write(n)
        latencies.push(performance.now() - start)
      }
    }),
  )
  const seconds = (performance.now() - began) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number): number => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2))
  return { per_second: Math.round(count / seconds), p50_ms: at(0.5), p99_ms: at(0.99) }
}

async function inFolder<T>(run: (path: string) => Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), 'flywheel-bench-'))
  try {
    return await run(path)
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

function logRound(bodyBytes: number, count: number): Promise<Sample> {
  return inFolder(async (path) => {
    const log = await openLocalLog({ path, partitions: 1 })
    const body = Buffer.alloc(bodyBytes, 'x')
    const sample = await timeAll(count, (n) =>
      log.append({
        header: {
          format: 1,
          project_id: 'bench',
          key_id: 'bench',
          request_id: String(n),
          received_at: new Date().toISOString(),
          body_until: '2100-01-01T00:00:00.000Z',
          row_until: '2100-01-01T00:00:00.000Z',
          encoding: 'identity',
          inflated_bytes: bodyBytes,
          lines: [{ type: 'interaction', id: '01890a5d-ac96-774b-bcce-b302099a8057', trust: 'server' }],
          skip: [],
          rejected: 0,
        },
        body,
      }),
    )
    await log.close()
    return sample
  })
}

function bareRound(bodyBytes: number, count: number): Promise<Sample> {
  return inFolder(async (path) => {
    const bare = open<Buffer, number>({ path: join(path, 'bare.mdb'), overlappingSync: false, encoding: 'binary' })
    const body = Buffer.alloc(bodyBytes, 'x')
    const sample = await timeAll(count, (n) => bare.put(n, body))
    await bare.close()
    return sample
  })
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const sizes: Record<string, unknown> = {}
for (const [name, bodyBytes, count] of [
  ['4KB', 4096, SHORT ? 4_000 : 20_000],
  ['200KB', 204_800, SHORT ? 200 : 1_000],
] as const) {
  const log: Sample[] = []
  const bare: Sample[] = []
  for (let round = 0; round < ROUNDS; round++) {
    log.push(await logRound(bodyBytes, count))
    bare.push(await bareRound(bodyBytes, count))
  }
  sizes[name] = {
    appends_per_second: median(log.map((sample) => sample.per_second)),
    bare_puts_per_second: median(bare.map((sample) => sample.per_second)),
    ratio: Number(median(log.map((sample, round) => sample.per_second / (bare[round]?.per_second ?? 1))).toFixed(2)),
    raw: { log, bare },
  }
}

console.log(
  JSON.stringify({
    benchmark: 'event-log-append',
    parameters: { concurrency: CONCURRENCY, rounds: ROUNDS },
    sizes,
  }),
)
