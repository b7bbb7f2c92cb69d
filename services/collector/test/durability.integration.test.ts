import type { EventLog, Position } from '@flywheel/event-log'
import { serve } from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import { afterEach, describe, expect, test } from 'vitest'
import { directoryOf, interaction, makeKey, ndjson, startCollector, type TestCollector } from './harness.js'

const secret = makeKey('sk')
const keys = directoryOf([secret])
const running: TestCollector[] = []

async function collectorWith(append: EventLog['append'], limits = {}) {
  const collector = await startCollector({ keys, log: { append }, limits })
  running.push(collector)
  return collector
}
afterEach(async () => {
  for (const collector of running.splice(0)) await collector.stop()
})

const position: Position = { log_id: 'log', partition: 0, offset: 0 }
const body = () => ndjson(interaction())

describe('accepted means durable', () => {
  test('no 202 while the append is under way; 503 append_timeout when it never ends', async () => {
    const collector = await collectorWith(() => new Promise(() => {}), { append_ms: 80 })
    let answered = false
    const response = collector.send(body(), secret.bearer).finally(() => {
      answered = true
    })
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(answered).toBe(false)
    expect((await response).status).toBe(503)
    expect(await (await response).json()).toMatchObject({ code: 'append_timeout' })
    expect((await response).headers.get('retry-after')).toBe('2')
  })

  test('the 202 comes after the append resolved, not before', async () => {
    const order: string[] = []
    const collector = await collectorWith(async () => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      order.push('durable')
      return position
    })
    const response = await collector.send(body(), secret.bearer)
    order.push('answered')
    expect(response.status).toBe(202)
    expect(order).toEqual(['durable', 'answered'])
  })

  test('received_at is stamped in the tick that appends', async () => {
    const ticks: number[] = []
    let tick = Date.now()
    const collector = await startCollector({
      keys,
      now: () => ++tick,
      log: {
        append: async ({ header }) => {
          ticks.push(Date.parse(header.received_at), tick)
          return position
        },
      },
    })
    running.push(collector)
    expect((await collector.send(body(), secret.bearer)).status).toBe(202)
    expect(ticks[0]).toBe(ticks[1])
  })

  test.each(['backlog_full', 'log_unavailable', 'append_timeout'] as const)(
    'the log says %s: 503 with Retry-After, nothing acknowledged',
    async (code) => {
      const collector = await collectorWith(() => Promise.reject(new FlywheelError(code, 'the log says no')))
      const response = await collector.send(body(), secret.bearer)
      expect(response.status).toBe(503)
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await response.json()).toMatchObject({ code })
      expect(await collector.metrics.text()).not.toContain('events_accepted_total{')
    },
  )

  test('any other failure of the log is log_unavailable, and the collector is not ready for a while', async () => {
    const collector = await collectorWith(() => {
      throw new Error('EIO')
    })
    expect((await collector.app.request('/readyz')).status).toBe(200)
    const response = await collector.send(body(), secret.bearer)
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ code: 'log_unavailable' })
    expect((await collector.app.request('/readyz')).status).toBe(503)
    expect((await collector.app.request('/livez')).status).toBe(200)
  })

  test('keys that are not loaded yet: 503, and not ready', async () => {
    const collector = await startCollector({ keys: { ...keys, isLoaded: false } })
    running.push(collector)
    expect((await collector.send(body(), secret.bearer)).status).toBe(503)
    expect((await collector.app.request('/readyz')).status).toBe(503)
  })

  test('bodies under way are bounded: 429 beyond', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const one = body()
    const collector = await collectorWith(() => held.then(() => position), { in_flight_bytes: one.length * 1.5 })
    const first = collector.send(one, secret.bearer)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const second = await collector.send(body(), secret.bearer)
    expect(second.status).toBe(429)
    expect(second.headers.get('retry-after')).toBe('1')
    release()
    expect((await first).status).toBe(202)
    expect((await collector.send(body(), secret.bearer)).status).toBe(202)
  })
})

describe('draining', () => {
  test('waits for the request under way, refuses the next', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const collector = await collectorWith(() => held.then(() => position))
    const first = collector.send(body(), secret.bearer)
    await new Promise((resolve) => setTimeout(resolve, 20))
    let drained = false
    const drain = collector.drain().then(() => {
      drained = true
    })
    const refused = await collector.send(body(), secret.bearer)
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ code: 'draining' })
    expect((await collector.app.request('/readyz')).status).toBe(503)
    expect(drained).toBe(false)
    release()
    expect((await first).status).toBe(202)
    await drain
  })
})

describe('over a socket', () => {
  test('with and without Content-Length, a declared length over the limit is refused before it is read', async () => {
    const collector = await collectorWith(async () => position)
    const served = await serve(collector.app, { port: 0 })
    const url = `${served.url}/v1/events`
    const headers = { 'content-type': 'application/x-ndjson', ...secret.bearer }
    expect((await fetch(url, { method: 'POST', headers, body: body() })).status).toBe(202)
    const stream = new Blob([body(), body()]).stream()
    const chunked = await fetch(url, { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit)
    expect(await chunked.json()).toEqual({ accepted: 2, rejected: [] })
    const large = await fetch(url, { method: 'POST', headers, body: Buffer.alloc(17 * 1024 * 1024) }).catch(() => null)
    // The server may close before the client has sent everything; then fetch rejects.
    if (large !== null) expect(large.status).toBe(413)
    expect((await fetch(url, { method: 'POST', headers, body: body() })).status).toBe(202)
    expect(await (await fetch(`${served.url}/metrics`)).text()).toContain(
      'flywheel_collector_requests_total{status="413"} 1',
    )
    await served.close()
  })
})
