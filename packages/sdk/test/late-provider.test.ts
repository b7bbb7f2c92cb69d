import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { PROVIDERS } from '../src/providers.js'
import { type OpenAIStub, openaiStub } from './support/openai-stub.js'
import { setup } from './support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())
afterEach(() => vi.restoreAllMocks())

const request = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] }

/** A client whose provider's file arrives when told to; no bundler or disk can be asked to be that slow. */
function late() {
  let arrive: () => void = () => {}
  const gate = new Promise<void>((resolve) => (arrive = resolve))
  for (const provider of PROVIDERS) {
    const { load } = provider
    vi.spyOn(provider, 'load').mockImplementation(async () => {
      await gate
      return await load()
    })
  }
  return { ...setup(stub.url), arrive }
}

test('flush waits for a provider’s file no longer than it was told to and sends what is there; a later one sends what waited', async () => {
  const { flywheel, openai, transport, arrive, one } = late()
  await openai.chat.completions.create(request)
  const id = flywheel.feedback.thumb({ responseId: 'chatcmpl-1' }, 'up')
  const start = performance.now()
  await flywheel.flush(1000)
  expect(performance.now() - start).toBeLessThan(3000)
  expect(transport.events).toMatchObject([{ id, type: 'feedback' }])
  arrive()
  expect(await one()).toMatchObject({ status: 'ok', has_text: true })
})

test('shutdown too, and what waited is recorded without content', async () => {
  const { flywheel, openai, transport } = late()
  await openai.chat.completions.create(request)
  const start = performance.now()
  const report = await flywheel.shutdown(600)
  expect(performance.now() - start).toBeLessThan(2000)
  expect(report).toMatchObject({ pending: 0, dropped: 0 })
  expect(transport.events).toMatchObject([{ type: 'interaction', status: 'ok' }])
  expect(transport.events[0]).not.toHaveProperty('outputs')
})
