import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Servers, startServers } from '../bench/compare-child.js'

// The benchmark says of others what they lose and what they send twice: its sink must not err.

let servers: Servers
beforeAll(async () => {
  servers = await startServers()
})
afterAll(() => servers.stop())

function post(path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${servers.urls.sink}${path}`, { method: 'POST', body: body as string, headers })
}

test('an answer counts once a request, in whatever encoding, and a second request with it counts as twice', async () => {
  const protobuf = Uint8Array.from([10, 255, 8, 0, ...Buffer.from('#ara-2#'), 18, 250])
  await post('/v1/events', '{"outputs":"#ara-0# and #ara-0#"}\n{"outputs":"#ara-1#"}')
  await post('/v1/traces', protobuf, { 'content-type': 'application/x-protobuf' })
  await post('/batch/', gzipSync('{"answer":"#ara-3#"}'), { 'content-encoding': 'gzip' })
  expect(await servers.seen('ra')).toEqual({ delivered: 4, twice: 0, first: 0, last: 3 })
  await post('/logs3', '{"answer":"#ara-3#"}')
  expect(await servers.seen('ra')).toEqual({ delivered: 4, twice: 1, first: 0, last: 3 })
  expect(await servers.seen('rb')).toMatchObject({ delivered: 0, twice: 0 })
})

test('what is under way when the collector goes counts for nothing: nobody was told that it arrived', async () => {
  const underWay = post('/v1/events', '#arc-0#').then(
    () => 'answered',
    () => 'reset',
  )
  await new Promise((resolve) => setTimeout(resolve, 10))
  await servers.turn('down')
  expect(await underWay).toBe('reset')
  await expect(post('/v1/events', '#arc-1#')).rejects.toThrow()
  await servers.turn('up')
  await post('/v1/events', '#arc-2#')
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await servers.seen('rc')).toEqual({ delivered: 1, twice: 0, first: 2, last: 2 })
})

test('each protocol hears what makes its exporter content', async () => {
  const answer = await post('/v1/events', 'one\ntwo')
  expect([answer.status, await answer.json()]).toEqual([202, { accepted: 2, rejected: [] }])
  expect(await (await post('/api/apikey/login', '')).json()).toMatchObject({
    org_info: [{ api_url: servers.urls.sink }],
  })
  const traces = await post('/v1/traces', '', { 'content-type': 'application/x-protobuf' })
  expect([traces.status, await traces.text()]).toEqual([200, ''])
})

test('the provider sends back the mark of the question, whole and streamed', async () => {
  const ask = (more: object) =>
    fetch(`${servers.urls.provider}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: '#qrd-7# Hi' }], ...more }),
    }).then((response) => response.text())
  expect(await ask({})).toContain('#ard-7#')
  const streamed = await ask({ stream: true })
  expect(streamed.split('#ard-7#')).toHaveLength(2)
  expect(streamed.match(/^data: \{/gm)).toHaveLength(100)
})
