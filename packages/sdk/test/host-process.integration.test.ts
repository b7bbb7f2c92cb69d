import { spawn } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bundled, bundled } from './support/bundled.js'
import { ended } from './support/child.js'
import { answer, type Behaviour, cut, hang, resetMidBody } from './support/collector-stub.js'
import { chunk, json, sse } from './support/openai-stub.js'
import { freshStubs } from './support/stubs.js'

const stubs = freshStubs()
let host: Bundled
beforeAll(async () => {
  host = await bundled('host')
})
afterAll(() => host.remove())

interface Ran {
  code: number | null
  stderr: string
  ms: number
  /** From the host's last step to the end of the process. */
  heldMs: number
  report: { returned: number; failed: number; created: number; codes: string[] }
}

/** Runs a host that would die of any unhandled rejection. */
async function run(mode: string, collectorUrl = stubs.collector.url): Promise<Ran> {
  const start = performance.now()
  const child = spawn(
    process.execPath,
    ['--unhandled-rejections=strict', host.path, collectorUrl, stubs.provider.url, mode],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let doneAt = 0
  child.stdout.on('data', () => {
    doneAt = performance.now()
  })
  const { code, stdout, stderr } = await ended(child)
  const now = performance.now()
  return { code, stderr, ms: now - start, heldMs: now - doneAt, report: JSON.parse(stdout || '{}') }
}

test('a host that just ends delivers 200 of 200', async () => {
  const { code, stderr, report } = await run('natural')
  expect([code, stderr]).toEqual([0, ''])
  expect(report).toEqual({ returned: 200, failed: 0, created: 200, codes: [] })
  const ids = stubs.collector.accepted.map(({ id }) => id)
  expect(ids).toHaveLength(200)
  expect(new Set(ids).size).toBe(200)
})

test('a collector that is not there', async () => {
  const { url } = stubs.collector
  await stubs.collector.close()
  const { code, stderr, report } = await run('calls', url)
  expect([code, stderr]).toEqual([0, ''])
  expect(report).toMatchObject({ returned: 20, created: 20, codes: ['delivery_failed'] })
})

test('a collector that recovers before the end gets everything once', async () => {
  stubs.collector.queue.push(cut, answer(503), resetMidBody)
  const { code, report } = await run('calls')
  expect(code).toBe(0)
  expect(report.created).toBe(20)
  const ids = stubs.collector.accepted.map(({ id }) => id)
  expect([ids.length, new Set(ids).size]).toEqual([20, 20])
})

test('a provider that breaks its streams does not kill a host that catches (posthog-js#4074)', async () => {
  stubs.provider.answer = sse([chunk({ content: 'a' }), { error: { message: 'overloaded' } }])
  const { code, stderr, report } = await run('break')
  expect([code, stderr]).toEqual([0, ''])
  expect(report).toMatchObject({ returned: 0, failed: 20, created: 20 })
  expect(stubs.collector.accepted.map((event) => event.type === 'interaction' && event.status)).toEqual(
    Array(20).fill('partial'),
  )
})

test('a rejected .withResponse() in a try does not kill the host', async () => {
  stubs.provider.answer = json({ error: { message: 'no' } }, 400)
  const { code, stderr, report } = await run('reject')
  expect([code, stderr]).toEqual([0, ''])
  expect(report).toMatchObject({ returned: 0, failed: 20, created: 20 })
})

test.each<[string, string, Behaviour]>([
  ['hangs, with a request on its way', 'in-flight', hang],
  ['hangs, with nothing sent yet', 'late', hang],
  ['answers 500', 'in-flight', answer(500)],
  ['cuts every connection', 'in-flight', cut],
  ['answers garbage', 'in-flight', answer(200, '\u0000<html>')],
])(
  'a collector that %s holds a host that has nothing left to do for two seconds at most',
  async (_, mode, behaviour) => {
    stubs.collector.behaviour = behaviour
    const { code, stderr, report, heldMs } = await run(mode)
    expect([code, stderr]).toEqual([0, ''])
    expect(report).toMatchObject({ returned: 20, failed: 0, created: 20 })
    expect(stubs.collector.requests.length).toBeGreaterThan(0)
    // Two seconds, and what a busy machine takes to end a process.
    expect(heldMs).toBeLessThan(2600)
  },
)

test('a collector that asks to be left alone for longer than that does not hold the host at all', async () => {
  stubs.collector.behaviour = answer(429, {}, { 'retry-after': '60' })
  const { code, heldMs } = await run('in-flight')
  expect(code).toBe(0)
  expect(heldMs).toBeLessThan(1000)
})
