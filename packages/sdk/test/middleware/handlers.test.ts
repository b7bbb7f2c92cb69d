import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenAIStub, openaiStub } from '../support/openai-stub.js'
import { setup } from '../support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const model = 'gpt-test'
const messages = [{ role: 'user' as const, content: 'Hi' }]

test('a route handler of Next runs in its request’s turn, with its own arguments', async () => {
  const { flywheel, openai, sent } = setup(stub.url)
  const POST = flywheel.next(
    async (request: Request, { params }: { params: Promise<{ chat: string }> }) => {
      await sleep(1)
      await openai.chat.completions.create({ model, messages })
      return Response.json({ chat: (await params).chat, path: new URL(request.url).pathname })
    },
    { user: (request) => request.headers.get('x-user') ?? undefined, headers: true },
  )
  const request = new Request('http://host/api/chat', { method: 'POST', headers: { 'x-user': 'u' } })
  const response = await POST(request, { params: Promise.resolve({ chat: 'c1' }) })
  expect(await response.json()).toEqual({ chat: 'c1', path: '/api/chat' })
  expect(await sent()).toMatchObject([{ turn_id: response.headers.get('flywheel-turn'), user_id: 'u' }])
})

test('a response whose headers cannot be changed is answered with its status, headers, cookies and body', async () => {
  const { flywheel } = setup(stub.url)
  const handler = flywheel.next(() => Response.redirect('http://host/next', 303), { headers: true })
  const response = await handler(new Request('http://host/'))
  expect([response.status, response.headers.get('location')]).toEqual([303, 'http://host/next'])
  expect(response.headers.get('flywheel-turn')).toMatch(/^[0-9a-f-]{36}$/)
})

test('a thrown redirect of the framework, or any other value, passes unchanged', async () => {
  const { flywheel } = setup(stub.url)
  const thrown = { digest: 'NEXT_REDIRECT;replace;/x;307;' }
  const handler = flywheel.next(async () => {
    throw thrown
  })
  await expect(handler(new Request('http://host/'))).rejects.toBe(thrown)
})

test('a page’s API runs in its request’s turn, headers first', async () => {
  const { flywheel, openai, sent } = setup(stub.url)
  const handler = flywheel.next(
    async (_request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => {
      await openai.chat.completions.create({ model, messages })
      response.end(flywheel.currentTurn()?.id)
    },
    { user: (request) => String(request.headers['x-user']), headers: true },
  )
  const server = createServer((request, response) => void handler(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const response = await fetch(url, { headers: { 'x-user': 'u' } })
    const turn = await response.text()
    expect(response.headers.get('flywheel-turn')).toBe(turn)
    expect(await sent()).toMatchObject([{ turn_id: turn, user_id: 'u' }])
  } finally {
    server.close()
  }
})

test('a Worker’s handler hands what it created to its own request’s waitUntil', async () => {
  const { flywheel, openai, transport } = setup(stub.url, { flushIntervalMs: 60_000 })
  const handed: Promise<unknown>[] = []
  const ctx = {
    waitUntil(promise: Promise<unknown>) {
      expect(this).toBe(ctx)
      handed.push(promise)
    },
  }
  const fetch = flywheel.worker(async (_request: Request, env: { model: string }, _ctx: typeof ctx) => {
    await openai.chat.completions.create({ model: env.model, messages })
    flywheel.feedback.thumb({ responseId: 'chatcmpl-1' }, 'up')
    return new Response('fine')
  })
  const response = await fetch(new Request('http://host/'), { model }, ctx)
  expect(await response.text()).toBe('fine')
  expect(handed.length).toBeGreaterThan(0)
  await Promise.all(handed)
  expect(transport.events.map(({ type }) => type).sort()).toEqual(['feedback', 'interaction'])
})
