import { setTimeout as sleep } from 'node:timers/promises'
import { createUuidv7 } from '@flywheel/schema/wire'
import { beforeEach, expect, test } from 'vitest'
import type { DeliveryOptions } from '../src/delivery.js'
import { portableRuntime } from '../src/portable-runtime.js'
import { RequestDelivery } from '../src/request-delivery.js'
import { type MemoryTransport, memoryTransport } from '../src/test-kit/index.js'
import { until } from './support/setup.js'

const newId = createUuidv7(Date.now, (length) => crypto.getRandomValues(new Uint8Array(length)))
let transport: MemoryTransport
let codes: string[]
beforeEach(() => {
  transport = memoryTransport()
  codes = []
})

function delivery(options: Partial<DeliveryOptions> = {}): RequestDelivery {
  const defaults: DeliveryOptions = {
    transport,
    url: '',
    apiKey: '',
    fetch: undefined,
    runtime: portableRuntime,
    report: (code) => void codes.push(code),
    instance: 'unused',
    maxQueueBytes: 1024 * 1024,
    flushIntervalMs: 60_000,
    timeoutMs: 100,
    now: Date.now,
    spool: undefined,
  }
  return new RequestDelivery({ ...defaults, ...options }, newId)
}
function push(to: RequestDelivery, type: 'interaction' | 'feedback', text = ''): string {
  const id = newId()
  to.push(type, id, JSON.stringify({ type, id, text }))
  return id
}
const sums = ({ created, sent, pending, dropped, rejected }: ReturnType<RequestDelivery['stats']>) =>
  created - sent - pending - [dropped, rejected].flatMap(Object.values).reduce((a, b) => a + b, 0)

test('two flushes at once send every line once, and each waits for its own', async () => {
  const to = delivery()
  const first = [push(to, 'interaction'), push(to, 'feedback')]
  const one = to.flush(1000)
  const second = [push(to, 'interaction')]
  const reports = await Promise.all([one, to.flush(1000)])
  expect(reports.map(({ lastError }) => lastError)).toEqual([null, null])
  expect(transport.events.map(({ id }) => id).sort()).toEqual([...first, ...second].sort())
  expect(to.stats()).toMatchObject({ created: 3, sent: 3, pending: 0, bytes: 0 })
})

test('what could not be sent in time waits for the next flush, feedback first', async () => {
  const to = delivery()
  const call = push(to, 'interaction')
  const thumb = push(to, 'feedback')
  transport.fail('down')
  expect(await to.flush(200)).toMatchObject({ pending: 2, lastError: { code: 'unreachable' } })
  expect(to.stats().bytes).toBeGreaterThan(0)
  transport.fail(null)
  const later = push(to, 'interaction')
  expect(await to.flush(1000)).toMatchObject({ sent: 3, pending: 0 })
  expect(transport.events.map(({ id }) => id)).toEqual([thumb, call, later])
})

test('a flush waits for lines that another one carries, and takes them over when that is not heard of any more', async () => {
  const to = delivery({ timeoutMs: 60_000 })
  const id = push(to, 'interaction')
  transport.fail('hang')
  const { setInterval } = globalThis
  // The first request ends at once: none of its timers fires again.
  globalThis.setInterval = (() => 0) as never
  void to.flush(30_000)
  globalThis.setInterval = setInterval
  await until(() => transport.batches.length === 1)
  transport.fail(null)
  expect(await to.flush(5000)).toMatchObject({ pending: 0 })
  expect(transport.events.map((event) => event.id)).toEqual([id])
  expect(transport.batches.map(({ ndjson }) => ndjson)).toEqual(Array(2).fill(transport.batches[0]?.ndjson))
})

test('memory is bounded: the oldest interactions go first, and every event is counted', async () => {
  const to = delivery({ maxQueueBytes: 20_000 })
  const thumb = push(to, 'feedback')
  const calls = Array.from({ length: 40 }, () => push(to, 'interaction', 'x'.repeat(500)))
  push(to, 'interaction', 'x'.repeat(30_000))
  const stats = to.stats()
  expect(stats.bytes).toBeLessThanOrEqual(20_000)
  expect(stats.dropped).toMatchObject({ event_too_large: 1 })
  expect(sums(stats)).toBe(0)
  await to.flush(1000)
  const ids = transport.events.map(({ id }) => id)
  expect(ids[0]).toBe(thumb)
  expect(ids.at(-1)).toBe(calls.at(-1))
  expect(ids).toHaveLength(41 - (stats.dropped['queue_full'] ?? 0))
  expect(sums(to.stats())).toBe(0)
})

test('closed, it takes nothing any more', async () => {
  const to = delivery()
  push(to, 'feedback')
  expect(await to.close(1000)).toMatchObject({ sent: 1, pending: 0 })
  push(to, 'feedback')
  expect(to.stats().dropped).toEqual({ shutdown: 1 })
})

test('without waitUntil a request that lives on delivers after the interval', async () => {
  const to = delivery({ flushIntervalMs: 20 })
  push(to, 'interaction')
  await sleep(200)
  expect(transport.events).toHaveLength(1)
  push(to, 'interaction')
  await sleep(200)
  expect(transport.events).toHaveLength(2)
})
