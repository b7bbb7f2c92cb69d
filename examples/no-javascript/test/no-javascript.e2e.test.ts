import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApi } from '../../quickstart/src/api.js'
import { exportDataset, settle } from '../../quickstart/src/outcome.js'
import { type Server, startServer } from '../../quickstart/src/server.js'

const folder = new URL('..', import.meta.url).pathname
const SECRET = 'a shared secret'
const HOUR_MS = 3_600_000
/** Runs the back end with its clock set back, so that what it records lies an hour ago. */
const AN_HOUR_AGO =
  'import time, runpy; now = time.time; time.time = lambda: now() - 3600; runpy.run_path("backend.py", run_name="__main__")'

const dataDir = mkdtempSync(join(tmpdir(), 'flywheel-no-javascript-'))
let server: Server
let model: HttpServer
let backend: { url: string; process: ChildProcess }

async function startBackend(args: string[], url = server.url): Promise<typeof backend> {
  const child = spawn('python3', args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      FLYWHEEL_URL: url,
      FLYWHEEL_API_KEY: server.apiKey,
      FLYWHEEL_OUTBOX: join(dataDir, 'outbox.ndjson'),
      OPENAI_BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`,
      ZENDESK_WEBHOOK_SECRET: SECRET,
      PYTHONDONTWRITEBYTECODE: '1',
    },
  })
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    child.once('exit', (code) => reject(new Error(`backend.py ended with code ${code}`)))
  })
  return { url: line, process: child }
}

async function stopBackend(): Promise<void> {
  const ended = new Promise((resolve) => backend.process.once('exit', resolve))
  backend.process.kill('SIGTERM')
  await ended
}

const form = (path: string, fields: Record<string, string>): Promise<Response> =>
  fetch(`${backend.url}${path}`, { method: 'POST', body: new URLSearchParams(fields) })

/** What Zendesk sends, with the headers it signs by. */
function webhook(ticket: string, body: string, options: { secret?: string; at?: Date; id?: string } = {}) {
  const { secret = SECRET, at = new Date(), id = randomUUID() } = options
  const payload = JSON.stringify({
    type: 'zen:event-type:ticket.comment_added',
    account_id: 22129848,
    id,
    time: at.toISOString(),
    zendesk_event_version: '2022-11-06',
    subject: `zen:ticket:${ticket}`,
    detail: { id: ticket, subject: 'A question', status: 'OPEN' },
    event: { comment: { id: '812', body, is_public: true, author: { id: '3343', is_staff: true, name: 'Ada' } } },
  })
  const timestamp = at.toISOString()
  const headers = {
    'content-type': 'application/json',
    'x-zendesk-webhook-id': '01GTR7TS30Q5GDX1BZPN0Z9FSZ',
    'x-zendesk-webhook-signature-timestamp': timestamp,
    'x-zendesk-webhook-signature': createHmac('sha256', secret).update(`${timestamp}${payload}`).digest('base64'),
  }
  return fetch(`${backend.url}/webhooks/zendesk`, { method: 'POST', headers, body: payload })
}

beforeAll(async () => {
  model = createServer((request, response) => {
    let body = ''
    request.on('data', (piece) => (body += piece))
    request.on('end', () => {
      const { messages } = JSON.parse(body) as { messages: { content: string }[] }
      const message = { role: 'assistant', content: `A draft on: ${messages[0]?.content}` }
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({
          id: `chatcmpl-${randomUUID()}`,
          model: 'gpt-5-mini-2026',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
        }),
      )
    })
  })
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve))
  server = await startServer({ dataDir })
})
afterAll(async () => {
  if (backend) await stopBackend()
  await server?.stop()
  model?.close()
  rmSync(dataDir, { recursive: true, force: true })
})

it('curl, a form and a signed webhook correct an answer by ref an hour later', async () => {
  backend = await startBackend(['-c', AN_HOUR_AGO, '0'])
  for (const ticket of ['1', '2', '3', '4']) {
    const drafted = await form(`/tickets/${ticket}`, { question: `Question "${ticket}" <b>` })
    expect(await drafted.text()).toBe(`A draft on: Question "${ticket}" <b>`)
  }
  const page = await (await fetch(`${backend.url}/tickets/2`)).text()
  expect(page).toContain('A draft on: Question &quot;2&quot; &lt;b&gt;</textarea>')
  expect(page).not.toContain('<script')
  await stopBackend()

  // An hour later, in another process that remembers nothing.
  backend = await startBackend(['backend.py', '0'])
  const curl = await promisify(execFile)(
    join(folder, 'correct.sh'),
    ['zendesk:ticket/1', 'By curl: "5\\5" days\nto all'],
    {
      env: { ...process.env, FLYWHEEL_URL: server.url, FLYWHEEL_API_KEY: server.apiKey },
    },
  )
  expect(JSON.parse(curl.stdout)).toEqual({ accepted: 1, rejected: [] })
  expect((await form('/tickets/2/comment', { text: 'By a form:\r\nno <script>' })).status).toBe(200)
  const again = { id: randomUUID(), at: new Date() }
  for (let delivery = 0; delivery < 2; delivery++) {
    expect((await webhook('3', 'By a webhook', again)).status).toBe(200)
  }
  expect((await webhook('4', 'Forged', { secret: 'another secret' })).status).toBe(401)
  expect((await webhook('4', 'Replayed', { at: new Date(Date.now() - 2 * HOUR_MS) })).status).toBe(401)
  await settle(server)

  const { pairs, dataset } = await exportDataset(server)
  expect(pairs).toBe(3)
  const shards = readdirSync(dataset, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'))
  const rows = shards.map((name) => readFileSync(join(dataset, name), 'utf8')).join('')
  for (const chosen of ['By curl: "5\\5" days\nto all', 'By a form:\nno <script>', 'By a webhook']) {
    expect(rows).toContain(JSON.stringify(chosen).slice(1, -1))
  }
  expect(rows).not.toMatch(/Forged|Replayed/)
  const api = createApi(server.url, server.apiKey)
  const { rows: stored } = await api.post<{ rows: Record<string, unknown>[] }>('/v1/query', {
    sql: "SELECT count() AS n, uniqExact(id) AS ids, min(t) - (SELECT max(t) FROM interactions FINAL) AS later FROM feedback FINAL WHERE kind = 'correction'",
  })
  expect(Number(stored[0]?.['n'])).toBe(3)
  expect(Number(stored[0]?.['later'])).toBeGreaterThan(HOUR_MS / 1000 - 120)
})

it('a draft made while Flywheel is down is delivered with the next event, once', async () => {
  await stopBackend()
  backend = await startBackend(['backend.py', '0'], 'http://127.0.0.1:9')
  expect((await form('/tickets/5', { question: 'While it was down' })).status).toBe(200)
  await stopBackend()
  backend = await startBackend(['backend.py', '0'])
  expect((await form('/tickets/5/comment', { text: 'Sent after all' })).status).toBe(200)
  await settle(server)
  const { pairs } = await exportDataset(server)
  expect(pairs).toBe(4)
})
