import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Served, type SocketLimits, serve } from '@flywheel/runtime'
import type { EventsAnswer } from '@flywheel/schema'
import { afterEach, expect, test } from 'vitest'
import type { CollectorLimits } from '../src/index.js'
import {
  acceptedLines,
  directoryOf,
  interaction,
  makeKey,
  ndjson,
  startCollector,
  type TestCollector,
  thumb,
} from './harness.js'

const key = makeKey('sk')
const MIB = 2 ** 20

let collector: TestCollector
let served: Served
const sockets: Socket[] = []

async function start(sockets: Partial<SocketLimits> = {}, limits: Partial<CollectorLimits> = {}): Promise<void> {
  collector = await startCollector({ keys: directoryOf([key]), limits })
  served = await serve(collector.app, { port: 0, limits: { close_ms: 200, ...sockets } })
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await served.close()
  await collector.stop()
})

interface Answer {
  status: number
  headers: NodeJS.Dict<string | string[]>
  body: string
}

/** One request over a socket of its own. */
function post(body: Buffer | string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${served.url}/v1/events`,
      { method: 'POST', agent: false, headers: { ...key.bearer, 'content-type': 'application/x-ndjson', ...headers } },
      (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A connection that is written to by hand. */
async function open(): Promise<{ socket: Socket; heard: () => string; isClosed: () => boolean }> {
  const socket = connect(served.port, '127.0.0.1')
  sockets.push(socket)
  let text = ''
  let isClosed = false
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
  })
  await new Promise((resolve) => socket.once('connect', resolve))
  return { socket, heard: () => text, isClosed: () => isClosed }
}

const HEAD = `POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nAuthorization: ${key.bearer.authorization}\r\n`

/** An interaction whose line has exactly so many bytes. */
function eventOf(bytes: number): string {
  const without = JSON.stringify(interaction({ error_message: '' }))
  return without.replace('"error_message":""', `"error_message":"${'x'.repeat(bytes - without.length)}"`)
}

test.each(['identity', 'gzip'])(
  'an event of 8 MiB passes, one byte more is a rejected line beside it, %s',
  async (encoding) => {
    await start()
    const [fits, third] = [eventOf(8 * MIB), eventOf(6 * MIB)]
    const tooLong = eventOf(8 * MIB + 1)
    const bodyOf = (...lines: string[]) =>
      encoding === 'gzip' ? gzipSync(lines.join('\n'), { level: 1 }) : lines.join('\n')
    const one = await post(bodyOf(fits), { 'content-encoding': encoding })
    expect([one.status, JSON.parse(one.body)]).toEqual([202, { accepted: 1, rejected: [] }])
    expect(acceptedLines(collector.records[0] as never)[0]).toBe(fits)
    const small = JSON.stringify(interaction())
    const mixed = await post(bodyOf(small, tooLong), { 'content-encoding': encoding })
    expect(mixed.status).toBe(202)
    const { accepted, rejected } = JSON.parse(mixed.body) as EventsAnswer
    expect([accepted, rejected.map(({ line, code }) => [line, code])]).toEqual([1, [[1, 'event_too_large']]])
    expect(rejected[0]?.message).toContain(`at most ${8 * MIB}`)
    const whole = await post(bodyOf(third, third, third), { 'content-encoding': encoding })
    expect(whole.status).toBe(413)
  },
)

test.each(['identity', 'gzip'])('a body of exactly 16 MiB is taken and one byte more is 413, %s', async (encoding) => {
  await start()
  const lines = [eventOf(8 * MIB - 1), eventOf(8 * MIB - 1)]
  const text = `${lines.join('\n')}\n`
  expect(text.length).toBe(16 * MIB)
  const bodyOf = (body: string) => (encoding === 'gzip' ? gzipSync(body, { level: 1 }) : body)
  const taken = await post(bodyOf(text), { 'content-encoding': encoding })
  expect([taken.status, taken.body]).toEqual([202, '{"accepted":2,"rejected":[]}'])
  const beyond = await post(bodyOf(`${text}\n`), { 'content-encoding': encoding })
  expect([beyond.status, JSON.parse(beyond.body).code]).toEqual([413, 'body_too_large'])
})

test('a gzip body of two members is one body; garbage behind it, or an end too early, is 400', async () => {
  await start()
  const [one, two] = [ndjson(interaction()), ndjson(interaction())]
  const members = Buffer.concat([gzipSync(one), gzipSync(two)])
  const headers = { 'content-encoding': 'gzip' }
  expect(JSON.parse((await post(members, headers)).body)).toEqual({ accepted: 2, rejected: [] })
  expect(acceptedLines(collector.records[0] as never).join('\n')).toBe(`${one}${two}`.trimEnd())
  for (const bad of [Buffer.concat([members, Buffer.from('garbage')]), members.subarray(0, -5), Buffer.from('{}')]) {
    const answer = await post(bad, headers)
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, 'bad_gzip'])
  }
  expect(collector.records).toHaveLength(1)
})

test('eight bombs at once stop at the limit and cost no more memory than their share', async () => {
  await start({}, { in_flight_bytes: 40 * MIB })
  const bomb = gzipSync(Buffer.alloc(192 * MIB), { level: 1 })
  const before = process.memoryUsage().rss
  let most = before
  const look = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, 5)
  const answers = await Promise.all(Array.from({ length: 8 }, () => post(bomb, { 'content-encoding': 'gzip' })))
  clearInterval(look)
  expect(answers.filter(({ status }) => status !== 413 && status !== 429)).toEqual([])
  expect(most - before).toBeLessThan(160 * MIB)
  expect((await post(ndjson(interaction()))).status).toBe(202)
})

test('a client that sends its headers, or its body, a byte at a time is cut off, and others are served meanwhile', async () => {
  await start({ headers_ms: 300, request_ms: 900 })
  const silent = await open()
  const slowHeaders = await open()
  const slowBody = await open()
  slowBody.socket.write(`${HEAD}Content-Length: 1000\r\n\r\n`)
  const drip = setInterval(() => {
    slowHeaders.socket.write('G')
    slowBody.socket.write('{')
  }, 50)
  expect((await post(ndjson(interaction()))).status).toBe(202)
  await expect.poll(() => silent.isClosed() && slowHeaders.isClosed(), { timeout: 3000 }).toBe(true)
  expect(slowBody.isClosed()).toBe(false)
  await expect.poll(() => slowBody.isClosed(), { timeout: 3000 }).toBe(true)
  clearInterval(drip)
  expect(slowHeaders.heard()).toMatch(/^(|HTTP\/1\.1 4(00|08).*)/)
  expect(slowBody.heard()).toMatch(/^HTTP\/1\.1 4(00|08)/)
  expect(collector.records).toHaveLength(1)
})

test('bodies under way hold no more than the limit: the next is 429, and when they end there is room again', async () => {
  await start({ request_ms: 2000 }, { in_flight_bytes: 3 * MIB })
  const slow = await Promise.all([open(), open()])
  for (const { socket } of slow) socket.write(`${HEAD}Content-Length: ${MIB}\r\n\r\n{`)
  for (const { socket } of slow) socket.write(Buffer.alloc(1000, 0x20))
  const large = `${JSON.stringify(interaction())}\n${' '.repeat(1.5 * MIB)}`
  await expect.poll(async () => (await post(large)).status).toBe(429)
  const refused = await post(large)
  expect([refused.headers['retry-after'], JSON.parse(refused.body).code]).toEqual(['1', 'rate_limited'])
  for (const { socket } of slow) socket.destroy()
  await expect.poll(async () => (await post(large)).status).toBe(202)
})

test('strangers hold nothing by what they declare: their idle sockets leave room for others of them', async () => {
  await start({}, { in_flight_bytes: 8 * MIB })
  const idle = await Promise.all(Array.from({ length: 20 }, open))
  const head = HEAD.replace(/Authorization: .*\r\n/, '')
  for (const { socket } of idle) socket.write(`${head}Content-Length: ${MIB}\r\n\r\n{`)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const ticketed = await fetch(`${served.url}/v1/events`, {
    method: 'POST',
    body: ndjson(thumb({ ticket: key.ticket() })),
    headers: { 'content-type': 'text/plain' },
  })
  expect(ticketed.status).toBe(202)
})

test('headers beyond 16 KiB are 431, and so are many small ones', async () => {
  await start()
  const long = await open()
  long.socket.write(`${HEAD}X-Long: ${'x'.repeat(20_000)}\r\n\r\n`)
  await expect.poll(long.heard).toMatch(/^HTTP\/1\.1 431/)
  const many = await open()
  many.socket.write(`${HEAD}${Array.from({ length: 2000 }, (_, n) => `X-Many-Headers-${n}: y`).join('\r\n')}\r\n\r\n`)
  await expect.poll(many.heard).toMatch(/^HTTP\/1\.1 431/)
  await expect.poll(() => long.isClosed() && many.isClosed()).toBe(true)
})

test('five hundred idle connections slow nobody down, one beyond the limit is closed, and idle ones end by themselves', async () => {
  await start({ connections: 501, idle_ms: 400, headers_ms: 5000 })
  const idle = await Promise.all(Array.from({ length: 500 }, open))
  const began = performance.now()
  expect((await post(ndjson(interaction()))).status).toBe(202)
  expect(performance.now() - began).toBeLessThan(1000)
  const [first, beyond] = [await open(), await open()]
  await expect.poll(() => beyond.isClosed() || first.isClosed()).toBe(true)
  expect(idle.filter(({ isClosed }) => isClosed())).toHaveLength(0)
  const kept = idle[0] as Awaited<ReturnType<typeof open>>
  kept.socket.write(`${HEAD}Content-Length: 2\r\n\r\n{}`)
  await expect.poll(kept.heard).toMatch(/^HTTP\/1\.1 422/)
  await expect.poll(kept.isClosed, { timeout: 5000 }).toBe(true)
})

test('a client that goes away in the middle of its body leaves nothing behind', async () => {
  await start({}, { in_flight_bytes: 2 * MIB })
  for (let turn = 0; turn < 5; turn++) {
    const gone = await open()
    gone.socket.write(`${HEAD}Content-Length: ${MIB}\r\n\r\n${ndjson(interaction())}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    gone.socket.destroy()
  }
  const large = `${JSON.stringify(interaction())}\n${' '.repeat(1.5 * MIB)}`
  await expect.poll(async () => (await post(large)).status).toBe(202)
  expect(collector.records).toHaveLength(1)
})

test('a request id of a sane shape is kept in answer, log and record; another is made anew', async () => {
  await start()
  const sent = await post(ndjson(interaction()), { 'x-request-id': 'edge-7f3a.2_b-000001' })
  expect(sent.headers['x-request-id']).toBe('edge-7f3a.2_b-000001')
  expect(collector.records[0]?.header.request_id).toBe('edge-7f3a.2_b-000001')
  for (const odd of ['short', 'has spaces inside', '{"json":1}', 'x'.repeat(65)]) {
    const answer = await post(ndjson(interaction()), { 'x-request-id': odd })
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  }
  const refused = await post('nothing', { 'x-request-id': 'edge-refused-01', authorization: 'Bearer none' })
  expect(JSON.parse(refused.body).request_id).toBe('edge-refused-01')
  expect(collector.logged.join('')).toContain('edge-refused-01')
})
