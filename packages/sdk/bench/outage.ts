import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import OpenAI from 'openai'
import { createFlywheel, type Stats } from '../src/index.js'

export interface Outage {
  readonly calls: number
  readonly perSecond: number
  /** How long nothing listens at the collector's port; the calls begin a quarter of it earlier. */
  readonly outageMs: number
}

export interface Outcome {
  readonly delivered: number
  readonly twice: number
  readonly failedCalls: number
  readonly stats: Stats
  /** From the end of the outage until everything was acknowledged. */
  readonly caughtUpMs: number
}

const completion = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'bench',
  choices: [{ index: 0, message: { role: 'assistant', content: 'word '.repeat(100) }, finish_reason: 'stop' }],
})
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}

/** Makes calls at a steady rate while the collector's port is closed, and counts what arrives. Nobody calls `flush`. */
export async function outage({ calls, perSecond, outageMs }: Outage): Promise<Outcome> {
  const seen = new Map<string, number>()
  const collect = () =>
    createServer((request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece) => pieces.push(piece))
      request.on('end', () => {
        const body = Buffer.concat(pieces)
        const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()
        const lines = text.split('\n').filter(Boolean)
        for (const line of lines) {
          const { id } = JSON.parse(line) as { id: string }
          seen.set(id, (seen.get(id) ?? 0) + 1)
        }
        response.writeHead(202, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ accepted: lines.length, rejected: [] }))
      })
    })
  const provider = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(completion)
    })
  })
  const providerPort = await listen(provider)
  let collector = collect()
  const port = await listen(collector)

  const created: string[] = []
  const flywheel = createFlywheel({
    url: `http://127.0.0.1:${port}`,
    apiKey: 'fw_sk_bench',
    flushIntervalMs: 100,
    onDiagnostic: () => {},
    onCreated: ({ id }) => created.push(id),
  })
  const openai = flywheel.wrap(
    new OpenAI({ apiKey: 'x', baseURL: `http://127.0.0.1:${providerPort}/v1`, maxRetries: 0 }),
  )
  const messages = [{ role: 'user' as const, content: 'A sentence of a usual length in a chat. '.repeat(5) }]
  let failedCalls = 0
  const running: Promise<unknown>[] = []
  const start = performance.now()
  const failing = (async () => {
    await sleep(outageMs / 4)
    await close(collector)
    await sleep(outageMs)
    collector = collect()
    await listen(collector, port)
    return performance.now()
  })()
  for (let call = 0; call < calls; call++) {
    const ahead = start + (call * 1000) / perSecond - performance.now()
    if (ahead > 0) await sleep(ahead)
    running.push(openai.chat.completions.create({ model: 'bench', messages }).then(undefined, () => failedCalls++))
  }
  await Promise.all(running)
  const upAt = await failing
  const deadline = upAt + 40_000
  while (flywheel.stats().pending > 0 && performance.now() < deadline) await sleep(20)
  const caughtUpMs = Math.round(performance.now() - upAt)
  const stats = flywheel.stats()
  await flywheel.shutdown(0)
  await close(collector)
  await close(provider)
  return {
    delivered: created.filter((id) => seen.has(id)).length,
    twice: [...seen.values()].filter((times) => times > 1).length,
    failedCalls,
    stats,
    caughtUpMs,
  }
}
