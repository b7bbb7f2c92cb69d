import { setMaxListeners } from 'node:events'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { directoryOf, interaction, makeKey, ndjson, startCollector, type TestCollector, thumb } from './harness.js'

const secret = makeKey('sk')
const body = () => ndjson(interaction())
const running: TestCollector[] = []

afterEach(async () => {
  for (const collector of running.splice(0)) await collector.stop()
})

describe('strangers cannot starve the servers', () => {
  const pk = makeKey('pk')
  const strangers = { 'without a key': {}, 'with a public key': pk.bearer }
  const withLimit = async (in_flight_bytes: number) => {
    const collector = await startCollector({ keys: directoryOf([secret, pk]), limits: { in_flight_bytes } })
    running.push(collector)
    return collector
  }
  const MIB = 1024 * 1024

  test.each(Object.entries(strangers))('%s: a declared length holds nothing before its bytes came', async (_, who) => {
    const collector = await withLimit(4 * MIB)
    const release = new AbortController()
    setMaxListeners(0, release.signal)
    const idle = Array.from({ length: 50 }, () => {
      const bytes = new ReadableStream({
        start(to) {
          to.enqueue(Buffer.from('{'))
          release.signal.addEventListener('abort', () => to.error(new Error('the client went away')))
        },
      })
      const init = { method: 'POST', body: bytes, duplex: 'half' } as RequestInit
      const headers = { 'content-type': 'text/plain', 'content-length': String(MIB), ...who }
      return collector.app.request('/v1/events', { ...init, headers })
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const line = ndjson(thumb({ ticket: secret.ticket() }))
    expect((await collector.send(line, who)).status).toBe(202)
    expect((await collector.send(body(), secret.bearer)).status).toBe(202)
    release.abort()
    for (const answer of await Promise.all(idle)) expect(answer.status).toBe(400)
  })

  test.each(Object.entries(strangers))('%s: gzip bombs get no room but the quarter', async (_, who) => {
    const collector = await withLimit(32 * MIB)
    const bomb = gzipSync(Buffer.alloc(7 * MIB, ' '))
    // A liar: the last member says how long it is, the first is the bomb.
    const liar = Buffer.concat([bomb, gzipSync('{}')])
    const send = (bytes: Buffer) => collector.send(bytes, { 'content-encoding': 'gzip', ...who })
    const answers = Array.from({ length: 12 }, (_, index) => send(index % 2 === 0 ? bomb : liar))
    expect((await collector.send(gzipSync(body()), { 'content-encoding': 'gzip', ...secret.bearer })).status).toBe(202)
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(10)
    expect((await send(bomb)).status).not.toBe(429)
  })
})
