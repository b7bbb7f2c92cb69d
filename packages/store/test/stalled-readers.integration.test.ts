import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClickHouseFront, type ClickHouseFrontOptions, serveClickHouse } from '../src/index.js'
import { freshStore } from './support.js'

let store: Awaited<ReturnType<typeof freshStore>>
const opened: { front: ClickHouseFront; sockets: Socket[] }[] = []
beforeAll(async () => {
  store = await freshStore()
})
afterAll(async () => {
  for (const { sockets } of opened) for (const socket of sockets) socket.destroy()
  await store.remove()
})

// More than the system keeps for a reader who takes nothing.
const BIG = 'SELECT number, repeat(toString(number), 20) AS text FROM numbers(1000000) FORMAT TSV'

async function serve(over: Partial<ClickHouseFrontOptions>) {
  const front = await serveClickHouse({ path: store.path, port: 0, authorize: () => true, sessions: 1, ...over })
  const sockets: Socket[] = []
  opened.push({ front, sockets })
  /** Asks for much, sees the head of the answer and reads no further. */
  const stall = async (): Promise<Socket> => {
    const socket = connect(front.port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {})
    const head = `GET /?query=${encodeURIComponent(BIG)} HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: k\r\n\r\n`
    socket.write(head)
    await once(socket, 'readable')
    socket.pause()
    return socket
  }
  const one = async () =>
    await (await fetch(`${front.url}/?query=SELECT%201`, { headers: { 'x-clickhouse-key': 'k' } })).text()
  return { front, stall, one }
}

test('who reads nothing for a while is cut off, and the session is the next one’s', async () => {
  const { front, stall, one } = await serve({ stalled_ms: 500 })
  const start = performance.now()
  await stall()
  expect(await one()).toBe('1\n')
  const waited = performance.now() - start
  expect(waited).toBeGreaterThan(450)
  expect(waited).toBeLessThan(8000)
  await front.close()
})

test('a stop waits for answers under way, and not for ever', async () => {
  const { front, stall } = await serve({ stop_ms: 700 })
  const socket = await stall()
  const start = performance.now()
  await front.close()
  const waited = performance.now() - start
  expect(waited).toBeGreaterThan(650)
  expect(waited).toBeLessThan(8000)
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
})
