import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenAIStub, openaiStub, sse, words } from './support/openai-stub.js'
import { setup } from './support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const model = 'gpt-test'
const messages = [{ role: 'user' as const, content: 'Hi' }]
const keeper = () => {
  const handed: Promise<unknown>[] = []
  return { handed, waitUntil: (promise: Promise<unknown>) => void handed.push(promise) }
}

test('what is created is delivered once the promises handed to waitUntil have settled, without a timer', async () => {
  const { handed, waitUntil } = keeper()
  const { flywheel, openai, transport } = setup(stub.url, { waitUntil, flushIntervalMs: 60_000 })
  await openai.chat.completions.create({ model, messages })
  flywheel.feedback.thumb({ responseId: 'r' }, 'up')
  flywheel.link({ responseId: 'r' }, 'mail:1')
  expect(handed.length).toBeGreaterThan(0)
  await Promise.all(handed)
  expect(transport.events.map(({ type }) => type).sort()).toEqual(['feedback', 'interaction', 'link'])
})

test('one flush a tick is handed over, however much is created in it', () => {
  const { handed, waitUntil } = keeper()
  const { flywheel } = setup(stub.url, { waitUntil })
  for (let event = 0; event < 100; event++) flywheel.feedback.thumb({ responseId: 'r' }, 'up')
  expect(handed).toHaveLength(1)
})

test('a request’s own waitUntil wins, also for a stream that ends after its handler', async () => {
  const [ofClient, ofRequest] = [keeper(), keeper()]
  const { flywheel, openai, transport } = setup(stub.url, { waitUntil: ofClient.waitUntil, flushIntervalMs: 60_000 })
  stub.queue.push(sse(words(['a', 'b']), 'done', 5))
  const stream = await flywheel.context.run(
    { user: 'u' },
    () => openai.chat.completions.create({ model, messages, stream: true }),
    {
      waitUntil: ofRequest.waitUntil,
    },
  )
  for await (const _ of stream);
  await sleep(1)
  expect([ofClient.handed.length, ofRequest.handed.length]).toEqual([0, 1])
  await Promise.all(ofRequest.handed)
  expect(transport.events).toMatchObject([{ user_id: 'u', status: 'ok' }])
})

test('a waitUntil that throws fails nobody, and the flush runs all the same', async () => {
  const { openai, transport, diagnostics } = setup(stub.url, {
    flushIntervalMs: 60_000,
    waitUntil: () => {
      throw new Error('outside a request')
    },
  })
  await openai.chat.completions.create({ model, messages })
  await sleep(50)
  expect(transport.events).toHaveLength(1)
  expect(diagnostics).toEqual(['wait_until_failed'])
})

test('a promise handed over never rejects, and ends in time with the collector down', async () => {
  const { handed, waitUntil } = keeper()
  const { flywheel, transport } = setup(stub.url, { waitUntil, timeoutMs: 100 })
  transport.fail('down')
  flywheel.feedback.thumb({ responseId: 'r' }, 'up')
  await expect(Promise.all(handed)).resolves.toBeDefined()
  expect(flywheel.stats().pending).toBe(1)
})
