import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { openLocalLog } from '@flywheel/event-log'
import { createLogger, createMetrics, serve } from '@flywheel/runtime'
import { splitLines } from '@flywheel/schema'
import { Hono } from 'hono'
import { createCollector } from '../src/index.js'
import { directoryOf, makeKey, master } from '../test/harness.js'
import { EVENTS_A_BODY, makeBodies } from './bodies.js'
import type { Order, Result } from './generator.js'

// Accept throughput (authenticate, validate, append durably, answer) beside two limits, in one run and in turns: a bare
// loop of JSON.parse over the same bytes, which for gzip inflates them first, and a Hono route that only reads the body.
// All count the CPU time of this process, its writing and collecting threads included: events that one core takes. On a
// machine that others use, every figure falls and the ratio falls too, since a loop keeps its caches and a server does
// not. Bodies repeat, which flatters nothing here: nothing before the store remembers an id.

const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? 1 : 3
const MS = SHORT ? 700 : 2000
const CONCURRENCY = 16
const secret = makeKey('sk')

interface Sample extends Result {
  cpu_seconds: number
  /** Of the event loop's own thread; null where the system does not say. */
  loop_cpu_seconds: number | null
}

/** Seconds that this process's first thread ran, which is the event loop's. */
function loopCpuSeconds(): number | null {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9
  } catch {
    return null
  }
}

const generator = fork(fileURLToPath(new URL('./generator.ts', import.meta.url)), { stdio: 'inherit' })

async function measure(url: string, encoding: Order['encoding'], ms: number): Promise<Sample> {
  const order: Order = { url, authorization: secret.bearer.authorization, encoding, ms, concurrency: CONCURRENCY }
  const loop = loopCpuSeconds()
  const cpu = process.cpuUsage()
  const result = await new Promise<Result>((resolve, reject) => {
    generator.once('message', resolve)
    generator.send(order, (error) => {
      if (error !== null) reject(error)
    })
  })
  const { user, system } = process.cpuUsage(cpu)
  if (result.failures > 0) throw new Error(`${result.failures} requests failed`)
  const loopEnd = loopCpuSeconds()
  const loop_cpu_seconds = loop === null || loopEnd === null ? null : loopEnd - loop
  return { ...result, cpu_seconds: (user + system) / 1e6, loop_cpu_seconds }
}

async function accept(encoding: Order['encoding'], ms: number): Promise<Sample> {
  const path = mkdtempSync(join(tmpdir(), 'flywheel-accept-'))
  const log = await openLocalLog({ path })
  const { app } = createCollector({
    log,
    master,
    keys: directoryOf([secret]),
    logger: createLogger('bench', { level: 'warn' }),
    metrics: createMetrics(),
  })
  const served = await serve(app, { port: 0 })
  try {
    return await measure(`${served.url}/v1/events`, encoding, ms)
  } finally {
    await served.close()
    await log.close()
    rmSync(path, { recursive: true, force: true })
  }
}

async function readOnly(encoding: Order['encoding'], ms: number): Promise<Sample> {
  const app = new Hono().post('/v1/events', async (c) => c.json({ bytes: (await c.req.arrayBuffer()).byteLength }, 202))
  const served = await serve(app, { port: 0 })
  try {
    return await measure(`${served.url}/v1/events`, encoding, ms)
  } finally {
    await served.close()
  }
}

const bodies = makeBodies()
const gzipped = bodies.map((body) => gzipSync(body))

/** What no collector can do without: every line parsed, of bytes that are there already. */
function bareParse(encoding: Order['encoding'], ms: number): number {
  const began = performance.now()
  const cpu = process.cpuUsage()
  let events = 0
  for (let next = 0; performance.now() - began < ms; next++) {
    const at = next % bodies.length
    const body =
      encoding === 'gzip' ? gunzipSync(gzipped[at] as Buffer, { chunkSize: 2 ** 18 }) : (bodies[at] as Buffer)
    for (const [start, end] of splitLines(body)) {
      const { schema_version } = JSON.parse(body.toString('utf8', start, end)) as { schema_version: number }
      events += schema_version
    }
  }
  const { user, system } = process.cpuUsage(cpu)
  return Math.round(events / ((user + system) / 1e6))
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
const perSecond = ({ requests, seconds }: Sample) => Math.round((requests * EVENTS_A_BODY) / seconds)
const perCpuSecond = ({ requests, cpu_seconds }: Sample) => Math.round((requests * EVENTS_A_BODY) / cpu_seconds)

const perLoopSecond = ({ requests, loop_cpu_seconds }: Sample) =>
  Math.round((requests * EVENTS_A_BODY) / (loop_cpu_seconds ?? Number.NaN))

for (const encoding of ['identity', 'gzip'] as const) {
  // Compilers need a few thousand requests.
  await accept(encoding, SHORT ? 1000 : 4000)
  await readOnly(encoding, 500)
  const accepted: Sample[] = []
  const read: Sample[] = []
  const parsed: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    accepted.push(await accept(encoding, MS))
    parsed.push(bareParse(encoding, MS / 2))
    read.push(await readOnly(encoding, MS))
  }
  const own = median(accepted.map(perCpuSecond))
  console.log(
    JSON.stringify({
      name: `collector accept, ${encoding}`,
      events_per_cpu_second: own,
      bare_parse_events_per_cpu_second: median(parsed),
      // Of each round by itself, so that a busy moment counts on both sides.
      ratio_to_bare_parse: median(
        accepted.map((sample, round) => Number((perCpuSecond(sample) / (parsed[round] as number)).toFixed(3))),
      ),
      // What one process takes where the disk's and the collector's threads have cores of their own.
      events_per_loop_cpu_second: median(accepted.map(perLoopSecond)),
      read_only_events_per_cpu_second: median(read.map(perCpuSecond)),
      events_per_second: median(accepted.map(perSecond)),
      ack_ms: accepted.map(({ latencies_ms }) => latencies_ms),
      body_bytes: accepted[0]?.body_bytes,
      events_a_body: EVENTS_A_BODY,
      concurrency: CONCURRENCY,
      load_average: loadavg()[0],
      samples: { accept: accepted.map(perCpuSecond), bare_parse: parsed, read_only: read.map(perCpuSecond) },
    }),
  )
}
generator.disconnect()
