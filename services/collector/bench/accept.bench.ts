import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLocalLog } from '@flywheel/event-log'
import { createLogger, createMetrics, serve } from '@flywheel/runtime'
import { Hono } from 'hono'
import { createCollector } from '../src/index.js'
import { directoryOf, makeKey, master } from '../test/harness.js'
import type { Order, Result } from './generator.js'

// Accept throughput (authenticate, validate, append durably, answer) against a Hono route that only reads the body, in
// one run, in turns. `per_cpu_second` counts the CPU time of this process, its inflating and fsyncing threads included:
// events that one core takes, whatever else the machine does. Bodies repeat, which flatters nothing here: nothing before
// the store remembers an id.

const SHORT = process.argv.includes('--short')
const EVENTS_A_BODY = 50
const ROUNDS = SHORT ? 1 : 3
const MS = SHORT ? 700 : 2000
const CONCURRENCY = 16
const secret = makeKey('sk')

interface Sample extends Result {
  cpu_seconds: number
}

const generator = fork(fileURLToPath(new URL('./generator.ts', import.meta.url)), { stdio: 'inherit' })

async function measure(url: string, encoding: Order['encoding'], ms: number): Promise<Sample> {
  const order: Order = { url, authorization: secret.bearer.authorization, encoding, ms, concurrency: CONCURRENCY }
  const cpu = process.cpuUsage()
  const result = await new Promise<Result>((resolve, reject) => {
    generator.once('message', resolve)
    generator.send(order, (error) => {
      if (error !== null) reject(error)
    })
  })
  const { user, system } = process.cpuUsage(cpu)
  if (result.failures > 0) throw new Error(`${result.failures} requests failed`)
  return { ...result, cpu_seconds: (user + system) / 1e6 }
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

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
const perSecond = ({ requests, seconds }: Sample) => Math.round((requests * EVENTS_A_BODY) / seconds)
const perCpuSecond = ({ requests, cpu_seconds }: Sample) => Math.round((requests * EVENTS_A_BODY) / cpu_seconds)

for (const encoding of ['identity', 'gzip'] as const) {
  await accept(encoding, 500)
  await readOnly(encoding, 500)
  const accepted: Sample[] = []
  const read: Sample[] = []
  for (let round = 0; round < ROUNDS; round++) {
    accepted.push(await accept(encoding, MS))
    read.push(await readOnly(encoding, MS))
  }
  const [own, peer] = [median(accepted.map(perCpuSecond)), median(read.map(perCpuSecond))]
  console.log(
    JSON.stringify({
      name: `collector accept, ${encoding}`,
      events_per_second: median(accepted.map(perSecond)),
      events_per_cpu_second: own,
      read_only_events_per_cpu_second: peer,
      ratio: Number((own / peer).toFixed(3)),
      ack_ms: accepted.map(({ latencies_ms }) => latencies_ms),
      body_bytes: accepted[0]?.body_bytes,
      events_a_body: EVENTS_A_BODY,
      concurrency: CONCURRENCY,
      samples: { accept: accepted.map(perCpuSecond), read_only: read.map(perCpuSecond) },
    }),
  )
}
generator.disconnect()
