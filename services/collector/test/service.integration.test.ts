import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrapProject } from '@flywheel/control'
import { openLocalLog } from '@flywheel/event-log'
import { createMasterSecret } from '@flywheel/keys'
import { createLifecycle, createLogger, type Lifecycle } from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import { type Database, migrate, openEmbedded } from '@flywheel/store'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type CollectorService, startCollectorService } from '../src/service.js'
import { interaction, ndjson } from './harness.js'

const secret = 'a secret of all services, long enough'
const folder = mkdtempSync(join(tmpdir(), 'flywheel-collector-service-'))
let db: Database
let bearer: string
let logs: string[]
let lifecycle: Lifecycle
let service: CollectorService

beforeAll(async () => {
  db = await openEmbedded({ path: join(folder, 'store') })
  await migrate(db)
  const { keys } = await bootstrapProject({ db, master: createMasterSecret(secret) })
  bearer = `Bearer ${keys?.secret}`
})
afterEach(() => lifecycle.shutdown())
afterAll(async () => {
  await db.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What is away: the service gets the real thing as soon as a name is taken out. */
const away = new Set<'log' | 'store'>()

/** The store as the service sees it; the test keeps the real one open. */
const store = {
  query: (...args: Parameters<Database['query']>) => {
    if (away.has('store')) return Promise.reject(new FlywheelError('store_unavailable', 'No server at 127.0.0.1:8123'))
    return db.query(...args)
  },
  close: async () => {},
} as unknown as Database

async function start(): Promise<string> {
  logs = []
  const logger = createLogger('collector', { stream: { write: (line) => void logs.push(line) } })
  lifecycle = createLifecycle({ logger })
  service = await startCollectorService(
    {
      port: 0,
      host: '127.0.0.1',
      secret,
      shutdown_ms: 5000,
      logger,
      openLog: async () => {
        if (away.has('log')) throw new FlywheelError('log_unavailable', 'No broker at 127.0.0.1:9092')
        return await openLocalLog({ path: join(folder, 'log') })
      },
      openStore: async () => store,
    },
    lifecycle,
  )
  return service.url
}

const send = (url: string) =>
  fetch(`${url}/v1/events`, {
    method: 'POST',
    body: ndjson(interaction()),
    headers: { authorization: bearer, 'content-type': 'application/x-ndjson' },
  })

test('a start without log and store listens, says what is missing, and becomes ready when both are there', async () => {
  away.add('log').add('store')
  const url = await start()
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  await expect.poll(async () => (await (await fetch(`${url}/readyz`)).text()).includes('9092')).toBe(true)
  const unready = await fetch(`${url}/readyz`)
  expect(unready.status).toBe(503)
  expect(await unready.json()).toMatchObject({
    checks: {
      log: 'the log is not reached: No broker at 127.0.0.1:9092',
      keys: 'the store with the keys is not reached: No server at 127.0.0.1:8123',
    },
  })
  const refused = await send(url)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await refused.json()).toMatchObject({ code: 'store_unavailable' })
  away.delete('store')
  await expect.poll(async () => ((await (await send(url)).json()) as { code: string }).code).toBe('log_unavailable')
  away.delete('log')
  await expect.poll(async () => (await send(url)).status, { timeout: 10_000 }).toBe(202)
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('flywheel_collector_events_accepted_total')
  expect(logs.join('')).toContain('No broker at 127.0.0.1:9092')
})

test('a store that goes away leaves a running collector its keys', async () => {
  const url = await start()
  await service.opened
  away.add('store')
  await expect.poll(() => logs.join(''), { timeout: 10_000 }).toContain('keys cannot be refreshed')
  expect((await send(url)).status).toBe(202)
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  away.delete('store')
})

test('what trying again cannot help ends the start', async () => {
  logs = []
  lifecycle = createLifecycle()
  const wrong = await startCollectorService(
    {
      port: 0,
      host: '127.0.0.1',
      secret,
      logger: createLogger('collector', { level: 'silent' }),
      openLog: () => Promise.reject(new FlywheelError('invalid_config', 'The topic is missing; run flywheel migrate')),
      openStore: async () => store,
    },
    lifecycle,
  )
  await expect(wrong.opened).rejects.toThrow('run flywheel migrate')
})

test('a stop answers what is under way, sends new requests elsewhere, and then the port is closed', async () => {
  const url = await start()
  await service.opened
  const body = ndjson(interaction())
  const headers = {
    authorization: bearer,
    'content-type': 'application/x-ndjson',
    'content-length': Buffer.byteLength(body),
  }
  const slow = request(`${url}/v1/events`, { method: 'POST', headers })
  slow.write(body.slice(0, 40))
  const answered = new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
    slow.on('response', (response) => {
      response.resume()
      resolve({ status: response.statusCode, connection: response.headers.connection })
    })
    slow.on('error', reject)
  })
  // A connection that is open already: what a balancer holds.
  const held = connect(Number(new URL(url).port), '127.0.0.1')
  let heard = ''
  held.on('data', (chunk) => {
    heard += chunk
  })
  const ask = () =>
    held.write(
      `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
    )
  ask()
  await expect.poll(() => heard).toContain('HTTP/1.1 422')
  const stopped = lifecycle.shutdown()
  ask()
  await expect.poll(() => heard).toContain('HTTP/1.1 503')
  const refusal = heard.slice(heard.indexOf('HTTP/1.1 503'))
  expect(refusal.toLowerCase()).toContain('connection: close')
  expect(refusal).toContain('"code":"draining"')
  slow.end(body.slice(40))
  expect((await answered).status).toBe(202)
  expect(await stopped).toEqual([])
  await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  held.destroy()
})
