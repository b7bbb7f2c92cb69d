import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, it } from 'vitest'
import { sendWebhook, WEBHOOK_EVENTS, type WebhookMessage, type WebhookTarget } from '../src/webhook.js'

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`
const message: WebhookMessage = {
  id: 'run.export.published',
  type: 'export.published',
  timestamp: '2026-03-02T03:00:00.000Z',
  data: { export_id: 'e', pairs: 106, text: 'é\u2028' },
}

describe('a webhook', () => {
  let server: Server | undefined
  const received: { headers: IncomingHttpHeaders; body: string }[] = []
  afterEach(async () => {
    received.length = 0
    server?.closeAllConnections()
    await new Promise((done) => (server === undefined ? done(null) : server.close(done)))
    server = undefined
  })

  /** A receiver that answers these statuses in turn; 0 never answers. */
  async function receiver(...statuses: number[]): Promise<WebhookTarget> {
    const started = createServer(async (request, response) => {
      received.push({ headers: request.headers, body: await text(request) })
      const status = statuses[received.length - 1] ?? 200
      if (status === 0) return
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('thanks')
    })
    server = started
    await new Promise<void>((done) => started.listen(0, '127.0.0.1', done))
    const url = `http://127.0.0.1:${(started.address() as AddressInfo).port}/hook`
    return { name: 'r', url, secret: SECRET, events: WEBHOOK_EVENTS, timeout_ms: 300, retry_ms: [10, 10] }
  }
  const send = (target: WebhookTarget, signal = new AbortController().signal) => sendWebhook(target, message, signal)

  it('verifies by the library of Standard Webhooks, and not under another secret', async () => {
    const delivery = await send(await receiver())
    expect(delivery).toMatchObject({ status: 'delivered', attempts: 1, http_status: 200, error: null })
    const { headers, body } = received[0] as (typeof received)[number]
    const { id, ...sent } = message
    expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toEqual(sent)
    expect(headers['webhook-id']).toBe(id)
    const other = new Webhook(`whsec_${Buffer.alloc(32, 6).toString('base64')}`)
    expect(() => other.verify(body, headers as Record<string, string>)).toThrow('No matching signature')
    expect(() => new Webhook(SECRET).verify(`${body} `, headers as Record<string, string>)).toThrow()
  })

  it('is sent again with the same id and body until it is taken', async () => {
    expect(await send(await receiver(500, 0, 204))).toMatchObject({
      status: 'delivered',
      attempts: 3,
      http_status: 204,
    })
    expect(new Set(received.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size).toBe(1)
    for (const { headers, body } of received) new Webhook(SECRET).verify(body, headers as Record<string, string>)
  })

  it('is given up after the last attempt, and says what the receiver said', async () => {
    expect(await send(await receiver(500, 503, 429))).toMatchObject({
      status: 'failed',
      attempts: 3,
      http_status: 429,
      error: 'it answered 429',
    })
  })

  it('follows no redirect and leaves a receiver that is gone', async () => {
    expect(await send(await receiver(302))).toMatchObject({ status: 'failed', attempts: 1, http_status: 302 })
    expect(received).toHaveLength(1)
    server?.close()
    received.length = 0
    expect(await send(await receiver(410))).toMatchObject({ status: 'failed', attempts: 1, http_status: 410 })
  })

  it('says so where nobody listens, and ends at once when the exporter stops', async () => {
    const target = await receiver()
    await new Promise((done) => server?.close(done))
    server = undefined
    expect(await send({ ...target, retry_ms: [] })).toMatchObject({ error: 'no connection (ECONNREFUSED)' })
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 50)
    const started = Date.now()
    const delivery = await send({ ...target, retry_ms: [60_000] }, stop.signal)
    expect(Date.now() - started).toBeLessThan(5000)
    expect(delivery).toMatchObject({ status: 'failed', error: 'the exporter stopped' })
  })
})
