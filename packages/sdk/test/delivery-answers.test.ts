import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LIMITS } from '@flywheel/schema/wire'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { flywheelFor } from '../src/client.js'
import type { FlushReport } from '../src/counters.js'
import type { Diagnostic } from '../src/diagnostics.js'
import { createFlywheel, type Flywheel, type FlywheelOptions } from '../src/index.js'
import { nodeRuntime } from '../src/node/runtime.js'
import { MAX_EVENT_BYTES } from '../src/queue.js'
import type { Runtime } from '../src/runtime.js'
import { answer, type CollectorStub, collectorStub } from './support/collector-stub.js'
import { until } from './support/setup.js'

let collector: CollectorStub
let clients: Flywheel[] = []
let diagnostics: Diagnostic[] = []
beforeEach(async () => {
  collector = await collectorStub()
  diagnostics = []
})
afterEach(async () => {
  for (const client of clients) await client.shutdown(0)
  clients = []
  await collector.close()
})

function client(options: FlywheelOptions = {}, runtime: Runtime = nodeRuntime): Flywheel {
  // What a client of an earlier test says late is not of this one.
  const said = diagnostics
  const flywheel = flywheelFor(runtime)({
    url: collector.url,
    apiKey: 'fw_sk_x',
    onDiagnostic: (diagnostic) => void said.push(diagnostic),
    ...options,
  })
  clients.push(flywheel)
  return flywheel
}
/** Waits for the first failed attempt, then asks. */
async function refused(flywheel: Flywheel): Promise<FlushReport> {
  let report = await flywheel.flush(5)
  // Another attempt may be on its way when the first one has failed: the newest error counts.
  await until(() => diagnostics.length > 0)
  for (let round = 0; round < 100 && report.lastError === null && report.pending > 0; round++) {
    report = await flywheel.flush(5)
  }
  return report
}
const record = (flywheel: Flywheel, content = 'Hi') =>
  flywheel.record({ outputs: [{ role: 'assistant', parts: [{ type: 'text', content }] }] })

test.each([
  [401, { code: 'unauthorized', detail: 'The key fw_sk_x is not known' }, 'The key fw_sk_x is not known'],
  [403, { code: 'forbidden', detail: 'The key may only read' }, 'The key may only read'],
  [403, { message: 'Blocked by the firewall' }, 'Blocked by the firewall'],
] as const)(
  '%i: what the server says stands in lastError and in the diagnostic; events wait',
  async (status, body, reason) => {
    collector.behaviour = answer(status, body)
    const flywheel = client()
    record(flywheel)
    const { lastError, pending } = await refused(flywheel)
    expect(pending).toBe(1)
    expect(lastError).toEqual({
      code: 'code' in body ? body.code : `http_${status}`,
      message: expect.stringContaining(reason),
      at: expect.any(Number),
    })
    expect(lastError?.message).toContain(`${status}`)
    expect(diagnostics[0]).toMatchObject({ code: 'delivery_failed', message: expect.stringContaining(reason) })
  },
)

test.each([
  ['collector.example.com'],
  ['localhost:8787'],
  ['ftp://collector.example.com'],
  ['http://'],
  ['https://user:secret@collector.example.com'],
])('the URL %s is said when the client is made, which then does nothing', async (url) => {
  const flywheel = client({ url })
  expect(diagnostics.map(({ code }) => code)).toEqual(['invalid_url'])
  expect(diagnostics[0]?.message).toMatch(/https:\/\/collector\.example\.com.*FLYWHEEL_URL/)
  expect(diagnostics[0]?.message).not.toContain('secret')
  record(flywheel)
  expect(await flywheel.flush(50)).toEqual({ sent: 0, pending: 0, dropped: 0, rejected: 0, lastError: null })
})

test.each([301, 302, 307, 308])(
  'a redirect with %i is not followed: the key goes to no other place, and the place is said',
  async (status) => {
    const other = await collectorStub()
    collector.behaviour = answer(status, '', { location: `${other.url}/v1/events` })
    const flywheel = client()
    const id = record(flywheel)
    expect((await refused(flywheel)).lastError).toMatchObject({
      code: 'redirected',
      message: expect.stringContaining(other.url),
    })
    expect(other.requests).toEqual([])
    collector.behaviour = collector.accept
    await flywheel.flush()
    expect(collector.accepted.map((event) => event.id)).toEqual([id])
    await other.close()
  },
)

test.each<[string, Runtime['gzip']]>([
  ['rejects', () => Promise.reject(new Error('no memory'))],
  [
    'throws',
    () => {
      throw new Error('no memory')
    },
  ],
  ['is not there', () => Promise.resolve(null)],
])('where compression %s, events travel as they are', async (_name, gzip) => {
  const flywheel = client({}, { ...nodeRuntime, gzip })
  const id = record(flywheel, 'x'.repeat(2000))
  expect(await flywheel.flush()).toMatchObject({ sent: 1, lastError: null })
  expect(collector.requests[0]?.headers['content-encoding']).toBeUndefined()
  expect(collector.accepted.map((event) => event.id)).toEqual([id])
})

test('something on the way that takes no gzip gets plain text, then and from then on', async () => {
  collector.behaviour = (response, received) =>
    (received.headers['content-encoding'] ? answer(415, { code: 'unsupported' }) : collector.accept)(response, received)
  const flywheel = client()
  const ids = [record(flywheel, 'x'.repeat(2000))]
  expect(await flywheel.flush()).toMatchObject({ sent: 1, rejected: 0, lastError: null })
  ids.push(record(flywheel, 'x'.repeat(2000)))
  expect(await flywheel.flush()).toMatchObject({ sent: 2 })
  expect(collector.accepted.map(({ id }) => id)).toEqual(ids)
  expect(collector.requests.map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', undefined, undefined])
})

test('a 415 to plain text too is another server: events wait', async () => {
  collector.behaviour = answer(415)
  const flywheel = client()
  record(flywheel)
  expect(await refused(flywheel)).toMatchObject({ pending: 1, rejected: 0, lastError: { code: 'http_415' } })
})

test('Retry-After as a date counts against the server’s own clock', async () => {
  const serverNow = Date.now() - 3_600_000
  const at = (ms: number) => new Date(serverNow + ms).toUTCString()
  collector.queue.push(answer(503, {}, { date: at(0), 'retry-after': at(1000) }))
  const flywheel = client()
  record(flywheel)
  const start = performance.now()
  expect(await refused(flywheel)).toMatchObject({ pending: 1 })
  expect(await flywheel.flush(5000)).toMatchObject({ sent: 1 })
  // Both dates have whole seconds, so the wait is one second and not the hour that the clocks are apart.
  expect(performance.now() - start).toBeGreaterThan(900)
})

test('a Retry-After beyond reason is capped, and said', async () => {
  collector.queue.push(answer(429, {}, { 'retry-after': '999999999999' }))
  const flywheel = client()
  record(flywheel)
  const { lastError } = await refused(flywheel)
  expect(lastError?.code).toBe('http_429')
  expect(diagnostics[0]?.message).toMatch(/asks for 999999999999 s, 300 s are kept/)
  // A timer that long would fire at once.
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(collector.requests).toHaveLength(1)
})

test('a single event that is too large for the collector is rejected with its reason', async () => {
  collector.behaviour = answer(413, { code: 'body_too_large', detail: 'At most 16 MiB' })
  const flywheel = client()
  for (let index = 0; index < 4; index++) record(flywheel)
  expect(await flywheel.flush()).toMatchObject({
    ...{ sent: 0, rejected: 4, pending: 0 },
    lastError: { code: 'body_too_large', message: expect.stringContaining('At most 16 MiB') },
  })
  expect(flywheel.stats().rejected).toEqual({ body_too_large: 4 })
  expect(diagnostics[0]).toMatchObject({ code: 'rejected', message: expect.stringContaining('At most 16 MiB') })
})

test('rejected lines that are none, or of codes that every object has, are counted all the same', async () => {
  const rejected = [null, 5, {}, { code: {} }, { code: '__proto__' }, { code: 'constructor' }, { code: 'toString' }]
  const flywheel = client()
  for (const _ of rejected) flywheel.observe('call', () => 1)
  collector.queue.push(answer(202, { accepted: 0, rejected }))
  expect(await flywheel.flush()).toMatchObject({ sent: 0, pending: 0, rejected: 7 })
  flywheel.observe('call', () => 1)
  collector.queue.push(answer(400, { code: '__proto__' }))
  await flywheel.flush()
  expect(flywheel.stats()).toMatchObject({ created: 8, sent: 0, pending: 0, rejected: { unknown: 7, http_400: 1 } })
})

test('a rejected line of a 202 is said with its reason', async () => {
  const rejected = [{ line: 1, id: null, code: 'invalid_event', message: 'duration_ms must be a number' }]
  collector.queue.push(answer(202, { accepted: 1, rejected }))
  const flywheel = client()
  record(flywheel)
  record(flywheel)
  expect(await flywheel.flush()).toMatchObject({ sent: 1, rejected: 1 })
  expect(diagnostics).toMatchObject([
    { code: 'rejected', message: 'the collector rejected 1 of 2 events: invalid_event: duration_ms must be a number' },
  ])
})

test('an answer without end is not read to the end', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200)
    const piece = Buffer.alloc(1024 * 1024, ' ')
    const more = () => {
      while (response.write(piece));
    }
    response.on('drain', more)
    more()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const flywheel = client({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, timeoutMs: 60_000 })
  record(flywheel)
  expect(await refused(flywheel)).toMatchObject({ pending: 1, lastError: { code: 'bad_answer' } })
  await flywheel.shutdown(0)
  server.closeAllConnections()
  server.close()
})

test('a transport that answers nothing, throws or resolves to nonsense costs nothing', async () => {
  const answers: unknown[] = [undefined, null, 5, {}, { status: 202, body: { accepted: 1, rejected: [] } }]
  const transport = {
    send: () => {
      const next = answers.shift()
      if (next === 5) throw new Error('at once')
      return Promise.resolve(next as never)
    },
  }
  const flywheel = client({ transport, flushIntervalMs: 1 })
  record(flywheel)
  // A flush ends a backoff.
  while (answers.length > 0) await flywheel.flush(20)
  expect(await flywheel.flush(10_000)).toEqual({ sent: 1, pending: 0, dropped: 0, rejected: 0, lastError: null })
})

test('flush waits no longer than a timer can, and not at all for what is settled', async () => {
  const flywheel = client()
  record(flywheel)
  expect(await flywheel.flush(Number.POSITIVE_INFINITY)).toMatchObject({ sent: 1, pending: 0 })
  expect(await flywheel.flush(Number.POSITIVE_INFINITY)).toMatchObject({ sent: 1, pending: 0 })
})

test('onDiagnostic hears every time, the console once a code', async () => {
  collector.behaviour = answer(500)
  const warnings: unknown[] = []
  const { warn } = console
  console.warn = (message: unknown) => void warnings.push(message)
  try {
    const quiet = createFlywheel({ url: collector.url, apiKey: 'fw_sk_quiet', maxQueueBytes: 10 })
    clients.push(quiet)
    for (let index = 0; index < 5; index++) record(quiet)
  } finally {
    console.warn = warn
  }
  expect(warnings).toEqual([expect.stringMatching(/event_too_large; further ones are not shown/)])
  const loud = client({ maxQueueBytes: 10 })
  for (let index = 0; index < 5; index++) record(loud)
  expect(diagnostics.map(({ code }) => code)).toEqual(Array(5).fill('event_too_large'))
  expect(loud.stats()).toMatchObject({ created: 5, pending: 0, dropped: { event_too_large: 5 } })
})

test('the largest event of the entry is that of the contract', () => {
  expect(MAX_EVENT_BYTES).toBe(LIMITS.event_bytes)
})
