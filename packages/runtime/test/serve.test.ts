import { createServer } from 'node:net'
import { FlywheelError } from '@flywheel/schema'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { createMetrics, healthRoutes, problem, requestId, serve } from '../src/index.js'

describe('serve', () => {
  test('answers on the port it took and closes after the answer under way', async () => {
    let answer: (() => void) | undefined
    const app = new Hono().get('/', async (c) => {
      await new Promise<void>((resolve) => {
        answer = resolve
      })
      return c.text('late')
    })
    const served = await serve(app, { port: 0 })
    const response = fetch(served.url)
    await expect.poll(() => answer).toBeDefined()
    const closed = served.close()
    answer?.()
    expect(await (await response).text()).toBe('late')
    await closed
    await expect(fetch(served.url)).rejects.toThrow()
  })

  test('a port in use is one sentence with the port', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    const { port } = holder.address() as { port: number }
    await expect(serve(new Hono(), { port })).rejects.toMatchObject({
      code: 'port_in_use',
      message: `Port ${port} on 127.0.0.1 is in use; stop what listens there or choose another port`,
    })
    holder.close()
  })
})

describe('problem', () => {
  const app = new Hono()
    .use(requestId())
    .get('/known', (c) =>
      problem(c, new FlywheelError('backlog_full', 'Full'), { retryAfter: 7, more: { rejected: [] } }),
    )
    .get('/unknown', (c) => problem(c, new Error('the body was: my secret text')))

  test('is problem+json with code, request id and Retry-After for what is retryable', async () => {
    const response = await app.request('/known', { headers: { 'x-request-id': 'proxy-00001' } })
    expect(response.status).toBe(503)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('retry-after')).toBe('7')
    expect(response.headers.get('x-request-id')).toBe('proxy-00001')
    expect(await response.json()).toEqual({
      type: 'urn:flywheel:error:backlog_full',
      title: 'backlog full',
      status: 503,
      code: 'backlog_full',
      detail: 'Full',
      request_id: 'proxy-00001',
      rejected: [],
    })
  })

  test('the message of an unexpected error stays inside', async () => {
    const response = await app.request('/unknown', { headers: { 'x-request-id': '<script>' } })
    const text = await response.text()
    expect(response.status).toBe(500)
    expect(text).not.toContain('secret text')
    expect(JSON.parse(text)).toMatchObject({ code: 'internal', request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    expect(response.headers.get('retry-after')).toBeNull()
  })
})

describe('health and metrics', () => {
  test('readyz names every check that fails and its reason', async () => {
    const app = healthRoutes({
      readyz: { log: () => true, keys: () => 'not loaded yet', store: () => Promise.reject(new Error('disk full')) },
    })
    const response = await app.request('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({
      ready: false,
      checks: { log: 'ok', keys: 'not loaded yet', store: 'disk full' },
    })
    expect((await app.request('/livez')).status).toBe(200)
    expect((await healthRoutes().request('/readyz')).status).toBe(200)
    expect((await healthRoutes({ livez: () => false }).request('/livez')).status).toBe(503)
  })

  test('metrics are exposed as text, and a name asked for twice is one metric', async () => {
    const metrics = createMetrics()
    metrics.counter('flywheel_test_total', 'Test', ['kind']).inc({ kind: 'a' })
    metrics.counter('flywheel_test_total', 'Test', ['kind']).inc({ kind: 'a' }, 2)
    metrics.gauge('flywheel_level', 'Level', [], (gauge) => gauge.set(4))
    metrics.histogram('flywheel_wait_seconds', 'Wait').observe(0.02)
    const response = await healthRoutes({ metrics }).request('/metrics')
    const text = await response.text()
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(text).toContain('flywheel_test_total{kind="a"} 3')
    expect(text).toContain('flywheel_level 4')
    expect(text).toContain('flywheel_wait_seconds_bucket{le="0.025"} 1')
  })
})
