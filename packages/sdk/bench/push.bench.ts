/** What an event of 2.5 kB costs in the host's call: into memory, and with a spool on to the disk first. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Delivery } from '../src/delivery.js'
import { nodeRuntime } from '../src/node/runtime.js'
import { spool } from '../src/node/spool.js'
import type { Batch } from '../src/transport.js'

const SHORT = process.argv.includes('--short')
const ROUNDS = SHORT ? 5 : 21
const EVENTS = 2000
const directory = mkdtempSync(join(tmpdir(), 'flywheel-bench-'))
const line = (index: number) =>
  `{"type":"interaction","id":"0197a7f0-0000-7000-8000-${String(index).padStart(12, '0')}","text":"${'word '.repeat(485)}"}`

/** Microseconds of CPU an event, the system's part included. */
async function round(withSpool: boolean): Promise<number> {
  const delivery = new Delivery({
    transport: { send: async ({ count }: Batch) => ({ status: 202, body: { accepted: count, rejected: [] } }) },
    url: '',
    apiKey: '',
    fetch: undefined,
    spool: withSpool ? spool(directory) : undefined,
    runtime: nodeRuntime,
    report: () => {},
    instance: '',
    maxQueueBytes: 64 * 1024 * 1024,
    flushIntervalMs: 1_000_000,
    timeoutMs: 5000,
    now: Date.now,
  })
  const lines = Array.from({ length: EVENTS }, (_, index) => line(index))
  const before = process.cpuUsage()
  for (const text of lines) delivery.push('interaction', text.slice(28, 64), text)
  const { user, system } = process.cpuUsage(before)
  const us = (user + system) / EVENTS
  // What one round has left must not be collected at the cost of the next.
  await delivery.close(10_000)
  return us
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number
const samples: { memory_us: number; spool_us: number }[] = []
for (let index = 0; index < ROUNDS + 2; index++) {
  const sample = { memory_us: await round(false), spool_us: await round(true) }
  rmSync(directory, { recursive: true, force: true })
  if (index >= 2) samples.push(sample)
}
const round2 = (value: number) => Math.round(value * 100) / 100
console.log(
  JSON.stringify({
    name: 'sdk push of an event',
    memory_us: round2(median(samples.map(({ memory_us }) => memory_us))),
    spool_us: round2(median(samples.map(({ spool_us }) => spool_us))),
    parameters: { rounds: ROUNDS, events_a_round: EVENTS, event_bytes: line(0).length },
    samples: samples.map(({ memory_us, spool_us }) => [round2(memory_us), round2(spool_us)]),
  }),
)
process.exit(0)
