import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { InteractionEvent } from '@flywheel/schema/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CollectorStub, collectorStub } from '../support/collector-stub.js'
import { type OpenAIStub, openaiStub } from '../support/openai-stub.js'

const host = fileURLToPath(new URL('../support/express-host.ts', import.meta.url))
let collector: CollectorStub
let provider: OpenAIStub
let child: ChildProcess
let url: string
beforeAll(async () => {
  collector = await collectorStub()
  provider = await openaiStub()
  child = spawn(
    process.execPath,
    ['--conditions=@flywheel/source', '--import', 'tsx', host, collector.url, provider.url],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [port] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  url = `http://127.0.0.1:${port.toString().trim()}`
})
afterAll(async () => {
  child.kill()
  await collector.close()
  await provider.close()
})

async function recorded(): Promise<InteractionEvent[]> {
  expect(await (await fetch(`${url}/flush`)).json()).toMatchObject({ pending: 0, dropped: 0, rejected: 0 })
  return collector.accepted.splice(0) as InteractionEvent[]
}

test('calls behind the middleware are steps of the request’s turn, also after a body parser, and do not mix', async () => {
  const users = ['a', 'b', 'c', 'd']
  const answers = await Promise.all(
    users.map(async (user) => {
      const headers = { 'x-user': user, 'content-type': 'application/json' }
      const response = await fetch(`${url}/turn`, { method: 'POST', headers, body: JSON.stringify({ user }) })
      expect(response.headers.get('flywheel-ticket')).toMatch(/^fwt1\./)
      return { header: response.headers.get('flywheel-turn'), ...((await response.json()) as Record<string, unknown>) }
    }),
  )
  expect(new Set(answers.map(({ header }) => header)).size).toBe(users.length)
  const events = await recorded()
  expect(events).toHaveLength(users.length)
  for (const [index, answer] of answers.entries()) {
    const user = users[index]
    expect(answer).toEqual({ header: answer.header, turn: answer.header, local: answer.header, got: { user } })
    const steps = events.filter((event) => event.turn_id === answer.header)
    expect(steps.map((event) => [event.user_id, event.session_id])).toEqual([[user, 's']])
  }
})

test('a body streamed after the handler returned is made inside the turn', async () => {
  const response = await fetch(`${url}/stream`)
  expect(await response.text()).toBe('HelloHelloHello')
  const turn = response.headers.get('flywheel-turn')
  expect((await recorded()).map((event) => event.turn_id)).toEqual([turn, turn, turn])
})

test('what a handler throws, at once or later, reaches the host’s error handler unchanged', async () => {
  const answers = await Promise.all(['/throws', '/rejects'].map(async (path) => (await fetch(url + path)).json()))
  expect(answers).toEqual([
    { isSame: true, message: 'now' },
    { isSame: true, message: 'later' },
  ])
})

test.each(['/api/flywheel', '/parsed/flywheel'])(
  'the relay answers at %s what the collector answered',
  async (path) => {
    const line = '{"type":"feedback","id":"01890a5d-ac96-774b-bcce-b302099a8057","ticket":"fwt1.a.b","kind":"thumb"}'
    const body = `${line}\n{"type":"interaction","id":"x"}`
    const response = await fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'text/plain' } })
    expect(response.status).toBe(202)
    expect(await response.json()).toMatchObject({ accepted: 1, rejected: [{ line: 1, id: 'x', code: 'not_allowed' }] })
    const sent = collector.requests.at(-1)
    expect(sent?.body.toString()).toBe(line)
    expect(sent?.headers.authorization).toBeUndefined()
  },
)

test('the relay answers a body that is too large instead of cutting the connection', async () => {
  const large = request(`${url}/api/flywheel`, { method: 'POST', headers: { 'content-type': 'text/plain' } })
  large.on('error', () => {})
  // No length is declared, and the client goes on sending.
  const sending = setInterval(() => large.write('x'.repeat(100_000)), 5)
  const [response] = (await once(large, 'response')) as [IncomingMessage]
  clearInterval(sending)
  large.destroy()
  expect(response.statusCode).toBe(413)
})
