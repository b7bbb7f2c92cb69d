import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { bootstrapProject } from '@flywheel/control'
import { createTopics, openKafkaLog } from '@flywheel/event-log/kafka'
import { type Brokers, kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import { createMasterSecret } from '@flywheel/keys'
import type { LogRecord } from '@flywheel/schema'
import { type ClickHouseFront, type Database, migrate, openEmbedded, serveClickHouse } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { interaction, ndjson } from './harness.js'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const FLYWHEEL_SECRET = 'a secret of all services, long enough'

/** The service as an operator starts it. */
function startMain(env: Record<string, string>): { child: ChildProcess; stderr: () => string; ended: Promise<number> } {
  const child = spawn(process.execPath, ['--conditions=@flywheel/source', '--import', 'tsx', MAIN], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  child.stderr?.on('data', (chunk) => {
    text += chunk
  })
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)))
  return { child, stderr: () => text, ended }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('without a configuration the process says everything that is missing at once, and ends', async () => {
  const { ended, stderr } = startMain({})
  expect(await ended).toBe(1)
  for (const name of ['KAFKA_BROKERS', 'CLICKHOUSE_URL', 'FLYWHEEL_SECRET']) expect(stderr()).toContain(name)
  expect(stderr()).toContain('openssl rand -hex 32')
})

const missing = await kafkaMissing()

describe.skipIf(missing !== null)('on Kafka and a ClickHouse server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-collector-main-'))
  let kafka: Brokers
  let db: Database
  let front: ClickHouseFront | undefined
  let storePort: number
  let service: ReturnType<typeof startMain>
  let url: string
  let authorization: string

  const openFront = async () => {
    front = await serveClickHouse({
      path: join(folder, 'store'),
      port: storePort,
      isWritable: true,
      authorize: (key) => key === 'reader',
    })
  }
  const send = (body: Buffer | string = ndjson(interaction()), headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/events`, {
      method: 'POST',
      body,
      headers: { authorization, 'content-type': 'application/x-ndjson', ...headers },
    })
  const ready = async () => {
    const response = await fetch(`${url}/readyz`).catch(() => null)
    return response === null ? 'no answer' : JSON.stringify(await response.json())
  }

  beforeAll(async () => {
    db = await openEmbedded({ path: join(folder, 'store') })
    await migrate(db)
    const { keys } = await bootstrapProject({ db, master: createMasterSecret(FLYWHEEL_SECRET) })
    authorization = `Bearer ${keys?.secret}`
    kafka = await startBrokers()
    await createTopics({ brokers: kafka.bootstrap, partitions: 2 })
    const PORT = String(await freePort())
    storePort = await freePort()
    url = `http://127.0.0.1:${PORT}`
    service = startMain({
      PORT,
      FLYWHEEL_HOST: '127.0.0.1',
      FLYWHEEL_SECRET,
      FLYWHEEL_SHUTDOWN_MS: '8000',
      KAFKA_BROKERS: kafka.bootstrap.join(','),
      // Compose files set what is not wanted to nothing.
      KAFKA_SASL_MECHANISM: '',
      CLICKHOUSE_URL: `http://127.0.0.1:${storePort}`,
      CLICKHOUSE_PASSWORD: 'reader',
    })
  })
  afterAll(async () => {
    service.child.kill('SIGKILL')
    await kafka?.close()
    await front?.close()
    await db.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('a start without the store says so, and the store that comes makes it ready', async () => {
    await expect.poll(ready, { timeout: 30_000 }).toContain(`the store with the keys is not reached`)
    await openFront()
    await expect.poll(ready, { timeout: 30_000 }).toContain('"ready":true')
    expect((await send()).status).toBe(202)
  })

  test('what was accepted is in the topic, byte for byte, under the request id', async () => {
    const log = await openKafkaLog({ brokers: kafka.bootstrap })
    const body = gzipSync(ndjson(interaction(), interaction()))
    const headers = { 'content-encoding': 'gzip', 'x-request-id': 'request-of-the-test' }
    expect(await (await send(body, headers)).json()).toEqual({ accepted: 2, rejected: [] })
    const found = await new Promise<LogRecord>((resolve) => {
      void log.consume('reader', async ({ records }) => {
        for (const record of records) if (record.header.request_id === 'request-of-the-test') resolve(record)
      })
    })
    expect(Buffer.from(found.body).equals(body)).toBe(true)
    expect(found.header).toMatchObject({ project_id: 'default', encoding: 'gzip' })
    await log.close()
  })

  test('a store that dies stops nothing, and a broker that dies is 503 until it is back', async () => {
    await front?.close()
    await expect.poll(service.stderr, { timeout: 20_000 }).toContain('keys cannot be refreshed')
    expect((await send()).status).toBe(202)
    const broker = kafka.brokers[0]
    await broker?.kill()
    const refused = await send()
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    await broker?.start()
    await expect.poll(async () => (await send()).status, { timeout: 60_000, interval: 500 }).toBe(202)
  })

  test('SIGTERM: what is under way is answered, and the process ends with 0', async () => {
    const body = ndjson(interaction())
    const headers = { authorization, 'content-type': 'application/x-ndjson', 'content-length': Buffer.byteLength(body) }
    const slow = request(`${url}/v1/events`, { method: 'POST', headers })
    const status = new Promise<number | undefined>((resolve, reject) => {
      slow.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject)
    })
    slow.write(body.slice(0, 50))
    await new Promise((resolve) => setTimeout(resolve, 200))
    service.child.kill('SIGTERM')
    await expect.poll(async () => (await send()).status).toBe(503)
    slow.end(body.slice(50))
    expect(await status).toBe(202)
    expect(await service.ended).toBe(0)
  })
})
