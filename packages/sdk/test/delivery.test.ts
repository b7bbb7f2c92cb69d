import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFlywheel, type Flywheel, type FlywheelOptions, type Stats } from '../src/index.js'
import { memoryTransport } from '../src/test-kit/index.js'
import { answer, type CollectorStub, collectorStub, cut, hang, resetMidBody } from './support/collector-stub.js'
import { until } from './support/setup.js'

let collector: CollectorStub
let clients: Flywheel[] = []
beforeEach(async () => {
  collector = await collectorStub()
})
afterEach(async () => {
  for (const client of clients) await client.shutdown(0)
  clients = []
  await collector.close()
})

function client(options: FlywheelOptions = {}): Flywheel {
  const flywheel = createFlywheel({ url: collector.url, apiKey: 'fw_sk_x', onDiagnostic: () => {}, ...options })
  clients.push(flywheel)
  return flywheel
}

const record = (flywheel: Flywheel, content = 'Hi') =>
  flywheel.record({ outputs: [{ role: 'assistant', parts: [{ type: 'text', content }] }] })

function records(flywheel: Flywheel, count: number, content?: string): string[] {
  return Array.from({ length: count }, () => record(flywheel, content))
}

function expectSum(stats: Stats): void {
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0)
  expect(stats.sent + stats.pending + sum(stats.dropped) + sum(stats.rejected)).toBe(stats.created)
}

test('events travel as gzipped NDJSON with the key and the counters', async () => {
  const flywheel = client()
  const ids = records(flywheel, 20)
  expect(await flywheel.flush()).toEqual({ sent: 20, pending: 0, dropped: 0, rejected: 0, lastError: null })
  expect(collector.accepted.map(({ id }) => id)).toEqual(ids)
  const { headers } = collector.requests[0]!
  expect(headers).toMatchObject({
    authorization: 'Bearer fw_sk_x',
    'content-type': 'application/x-ndjson',
    'content-encoding': 'gzip',
  })
  expect(headers['flywheel-client']).toMatch(/^instance=[0-9a-f-]{36}; seq=1; created=20; dropped=0; rejected=0$/)
})

test('without a flush the timer sends', async () => {
  const flywheel = client({ flushIntervalMs: 20 })
  record(flywheel)
  await until(() => flywheel.stats().sent === 1)
  expect(collector.accepted).toHaveLength(1)
  expect(flywheel.stats()).toMatchObject({ created: 1, sent: 1, pending: 0, bytes: 0 })
})

test('url and key come from the environment when the client is made', async () => {
  const before = { ...process.env }
  process.env['FLYWHEEL_URL'] = `${collector.url}/`
  process.env['FLYWHEEL_API_KEY'] = 'fw_sk_env'
  const flywheel = createFlywheel()
  clients.push(flywheel)
  process.env = before
  record(flywheel)
  await flywheel.flush()
  expect(collector.requests[0]?.headers.authorization).toBe('Bearer fw_sk_env')
})

test('the same options give the same client, others another; after shutdown a new one', async () => {
  const transport = memoryTransport()
  const options = { transport, consent: { train: 'granted' } } as const
  const flywheel = createFlywheel(options)
  expect(createFlywheel({ ...options, consent: { train: 'granted' } })).toBe(flywheel)
  expect(createFlywheel({ ...options, release: '2' })).not.toBe(flywheel)
  await flywheel.shutdown()
  expect(createFlywheel(options)).not.toBe(flywheel)
})

test.each([
  ['refuses', cut],
  ['answers 500', answer(500)],
  ['answers 401 because the key is a second old', answer(401, { code: 'unauthorized' })],
  ['answers 200 with a page', answer(200, '<html>')],
  ['answers 202 with garbage', answer(202, { ok: true })],
  ['resets in the middle of its answer', resetMidBody],
] as const)('a collector that %s: later delivered once, with the same bytes', async (_name, behaviour) => {
  const codes: string[] = []
  const flywheel = client({ flushIntervalMs: 1, onDiagnostic: ({ code }) => codes.push(code) })
  collector.queue.push(behaviour, behaviour)
  const ids = records(flywheel, 30)
  await until(() => codes.includes('delivery_failed'))
  expect(flywheel.stats()).toMatchObject({ sent: 0, pending: 30 })
  expectSum(flywheel.stats())
  expect(await flywheel.flush(5000)).toMatchObject({ sent: 30, pending: 0, lastError: null })
  expect(collector.accepted.map(({ id }) => id)).toEqual(ids)
  expect(collector.requests).toHaveLength(3)
  for (const { body } of collector.requests) expect(body.equals(collector.requests[0]!.body)).toBe(true)
})

test('a collector that hangs is given up after the timeout and asked again', async () => {
  const flywheel = client({ timeoutMs: 60 })
  collector.queue.push(hang)
  const ids = records(flywheel, 3)
  expect(await flywheel.flush(5000)).toMatchObject({ sent: 3, pending: 0 })
  expect(collector.accepted.map(({ id }) => id)).toEqual(ids)
})

test('flush ends at its timeout while the collector hangs', async () => {
  const flywheel = client()
  collector.behaviour = hang
  records(flywheel, 3)
  const start = performance.now()
  expect(await flywheel.flush(50)).toMatchObject({ sent: 0, pending: 3 })
  expect(performance.now() - start).toBeLessThan(1000)
})

test('Retry-After of a 429 is waited out, also by flush', async () => {
  const flywheel = client()
  collector.queue.push(answer(429, { code: 'rate_limited' }, { 'retry-after': '1' }))
  record(flywheel)
  const start = performance.now()
  await flywheel.flush(50)
  expect(await flywheel.flush(5000)).toMatchObject({ sent: 1 })
  expect(performance.now() - start).toBeGreaterThan(900)
})

test('an oversize batch is halved, not rejected whole (langfuse-js PR#417)', async () => {
  const flywheel = client()
  collector.behaviour = (response, received) =>
    (received.events.length > 3 ? answer(413, { code: 'body_too_large' }) : collector.accept)(response, received)
  const ids = records(flywheel, 10)
  expect(await flywheel.flush()).toMatchObject({ sent: 10, rejected: 0 })
  expect(collector.accepted.map(({ id }) => id)).toEqual(ids)
})

test('one event that is too large for the collector is counted as rejected', async () => {
  const flywheel = client()
  collector.queue.push(answer(413, { code: 'body_too_large' }))
  record(flywheel)
  expect(await flywheel.flush()).toMatchObject({
    sent: 0,
    rejected: 1,
    pending: 0,
    lastError: { code: 'body_too_large' },
  })
  expect(flywheel.stats().rejected).toEqual({ body_too_large: 1 })
})

test('rejected lines of a 202 and of a 422 are counted by code', async () => {
  const flywheel = client()
  const rejected = (code: string, line = 0) => ({ line, id: null, code, message: '' })
  collector.queue.push(
    answer(202, { accepted: 8, rejected: [rejected('invalid_text', 1), rejected('invalid_event', 2)] }),
  )
  records(flywheel, 10)
  expect(await flywheel.flush()).toMatchObject({ sent: 8, rejected: 2 })
  collector.queue.push(answer(422, { code: 'no_event_valid', rejected: [rejected('invalid_text')] }))
  records(flywheel, 2)
  expect(await flywheel.flush()).toMatchObject({ sent: 8, rejected: 4, pending: 0 })
  expect(flywheel.stats().rejected).toEqual({ invalid_text: 2, invalid_event: 1, no_event_valid: 1 })
  record(flywheel)
  await flywheel.flush()
  expect(collector.requests.at(-1)?.headers['flywheel-client']).toContain('created=13; dropped=0; rejected=4')
  expectSum(flywheel.stats())
})

test('when the queue is full the oldest interactions go first and feedback last', async () => {
  const transport = memoryTransport()
  transport.fail('down')
  const codes: string[] = []
  const flywheel = client({
    transport,
    maxQueueBytes: 20_000,
    flushIntervalMs: 60_000,
    onDiagnostic: ({ code }) => codes.push(code),
  })
  const feedback = Array.from({ length: 20 }, () => flywheel.feedback.thumb({ responseId: 'r' }, 'up'))
  const ids = records(flywheel, 100, 'x'.repeat(300))
  const stats = flywheel.stats()
  expect(stats.created).toBe(120)
  expect(stats.dropped['queue_full']).toBeGreaterThan(50)
  expect(stats.bytes).toBeLessThanOrEqual(20_000)
  expectSum(stats)
  expect(codes).toContain('queue_full')
  transport.fail(null)
  const report = await flywheel.flush()
  expect(report).toMatchObject({ pending: 0, dropped: stats.dropped['queue_full'] })
  const kept = transport.events.map(({ id }) => id)
  expect(kept).toEqual([...feedback, ...ids.slice(-(stats.pending - 20))])
})

test('with nothing but feedback left, the oldest feedback goes', async () => {
  const transport = memoryTransport()
  const flywheel = client({ transport, maxQueueBytes: 5000, flushIntervalMs: 60_000 })
  const ids = Array.from({ length: 50 }, () => flywheel.feedback.thumb({ responseId: 'r' }, 'up'))
  const { pending } = flywheel.stats()
  await flywheel.flush()
  expect(transport.events.map(({ id }) => id)).toEqual(ids.slice(-pending))
})

test('the queue is bounded during an outage too: formed batches count', async () => {
  const transport = memoryTransport()
  transport.fail(500)
  const flywheel = client({ transport, maxQueueBytes: 3_000_000, flushIntervalMs: 1 })
  for (let round = 0; round < 20; round++) {
    records(flywheel, 100, 'x'.repeat(3000))
    await new Promise((resolve) => setTimeout(resolve, 2))
    expect(flywheel.stats().bytes).toBeLessThanOrEqual(3_000_000)
  }
  const last = record(flywheel)
  transport.fail(null)
  await flywheel.flush()
  expect(transport.events.map(({ id }) => id)).toContain(last)
  expectSum(flywheel.stats())
})

test('an event that could never be accepted is dropped at once', async () => {
  const flywheel = client({ maxQueueBytes: 64 * 1024 * 1024 })
  record(flywheel, 'x'.repeat(8 * 1024 * 1024))
  expect(flywheel.stats()).toMatchObject({ created: 1, pending: 0, dropped: { event_too_large: 1 } })
})

test('after shutdown events are counted as dropped, and shutdown never rejects', async () => {
  const transport = memoryTransport()
  const flywheel = client({ transport })
  record(flywheel)
  expect(await flywheel.shutdown()).toMatchObject({ sent: 1, pending: 0 })
  record(flywheel)
  expect(flywheel.stats().dropped).toEqual({ shutdown: 1 })
  expect(await flywheel.shutdown()).toMatchObject({ sent: 1, dropped: 1 })
})

test('shutdown with the collector down says what is still pending', async () => {
  const transport = memoryTransport()
  transport.fail('down')
  const flywheel = client({ transport })
  records(flywheel, 5)
  expect(await flywheel.shutdown(30)).toMatchObject({ sent: 0, pending: 5, lastError: { code: 'unreachable' } })
})

test('onCreated tells each event in the call that makes it', async () => {
  const created: string[] = []
  const transport = memoryTransport()
  const flywheel = client({ transport, onCreated: ({ type, id }) => created.push(`${type}:${id}`) })
  const id = record(flywheel)
  expect(created).toEqual([`interaction:${id}`])
  const thumb = flywheel.feedback.thumb(id, 'up', { ref: 'x' })
  expect(created.slice(1)).toEqual([`feedback:${thumb}`, expect.stringMatching(/^link:/)])
  await flywheel.flush()
  expect(transport.events.map((event) => `${event.type}:${event.id}`).sort()).toEqual([...created].sort())
})

test('an outage with a transport that hangs, then fails, then recovers loses and doubles nothing', async () => {
  const transport = memoryTransport()
  const flywheel = client({ transport, timeoutMs: 20, flushIntervalMs: 1 })
  const ids: string[] = []
  for (const mode of ['hang', 'down', 503, null, 500, 'down', null] as const) {
    transport.fail(mode)
    ids.push(...records(flywheel, 80))
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
  await flywheel.flush(10_000)
  expect(transport.events.map(({ id }) => id)).toEqual(ids)
  expectSum(flywheel.stats())
})

test('a redacted event keeps its identity whatever redact does to it', async () => {
  const transport = memoryTransport()
  const flywheel = client({
    transport,
    redact: (event) => ({ ...event, id: 'mine', metadata: { seen: 'yes' } }) as never,
  })
  const id = record(flywheel)
  await flywheel.flush()
  expect(transport.events).toMatchObject([{ id, metadata: { seen: 'yes' } }])
})

test('a value that cannot be written is counted, not thrown', async () => {
  const flywheel = client()
  expect(flywheel.record({ parameters: { big: 1n as never } })).toBe('')
  expect(flywheel.stats()).toMatchObject({ created: 1, dropped: { serialise_failed: 1 } })
})
