import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, it, vi } from 'vitest'
import { createClient } from '../src/client.js'

let server: Server
afterEach(async () => {
  vi.unstubAllGlobals()
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
})

async function answering(listener: Parameters<typeof createServer>[1]): Promise<string> {
  server = createServer(listener as never)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const clientOf = (url: string, signal = new AbortController().signal) =>
  createClient({ flags: { url, apiKey: 'fw_sk_any' }, signal })

it('asks as fetch does, and says what the server refused', async () => {
  const asked: unknown[] = []
  const url = await answering(async (request, response) => {
    const { method, headers } = request
    asked.push([method, request.url, headers.authorization, headers['content-type'], await text(request)])
    const isRun = request.url === '/v1/exports'
    response.writeHead(isRun ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isRun ? { pairs: 1, name: 'é' } : { code: 'not_found', detail: 'no recipe ä' }))
  })
  const { v1 } = clientOf(url)
  const run = await v1.exports.$post({ json: { recipe: { name: 'é' } } })
  expect(await run.json()).toEqual({ pairs: 1, name: 'é' })
  await expect(v1.recipes[':name'].$get({ param: { name: 'a' }, query: {} })).rejects.toThrow('no recipe ä')
  expect(asked).toEqual([
    ['POST', '/v1/exports', 'Bearer fw_sk_any', 'application/json', '{"recipe":{"name":"é"}}'],
    ['GET', '/v1/recipes/a', 'Bearer fw_sk_any', undefined, ''],
  ])
})

it('waits as long as it takes, where fetch gives up after five minutes', async () => {
  const url = await answering((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"pairs":1}')
  })
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed', { cause: 'UND_ERR_HEADERS_TIMEOUT' })))
  const run = await clientOf(url).v1.exports.$post({ json: {} })
  expect(await run.json()).toEqual({ pairs: 1 })
})

it('is ended by the caller while it waits, and names a server that is gone', async () => {
  const stop = new AbortController()
  const url = await answering(() => stop.abort())
  await expect(clientOf(url, stop.signal).v1.exports.$post({ json: {} })).rejects.toThrow('Interrupted')
  await expect(clientOf('http://127.0.0.1:1').v1.exports.$post({ json: {} })).rejects.toThrow('No server answers')
})
