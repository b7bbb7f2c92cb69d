import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFlywheel } from '../src/index.js'
import { type OpenAIStub, openaiStub } from './support/openai-stub.js'
import { setup } from './support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const model = 'gpt-test'
const messages = [{ role: 'user' as const, content: 'Hi' }]

test('a client that an ended Flywheel had wrapped is wrapped anew by the next one, and unwrapped for good', async () => {
  const { flywheel, openai } = setup(stub.url)
  const { create } = Object.getPrototypeOf(openai.chat.completions)
  await openai.chat.completions.create({ model, messages })
  await flywheel.shutdown()
  const next = setup(stub.url)
  next.flywheel.wrap(openai)
  await openai.chat.completions.create({ model, messages })
  await next.one()
  expect(flywheel.stats()).toMatchObject({ created: 1, sent: 1 })
  next.flywheel.unwrap(openai)
  expect(openai.chat.completions.create).toBe(create)
})

test('a client that another living Flywheel records stays with it, and the second one says so once', async () => {
  const { flywheel, openai, one, diagnostics } = setup(stub.url)
  const second = setup(stub.url)
  expect(second.flywheel.wrap(openai)).toBe(openai)
  await openai.chat.completions.create({ model, messages })
  await one()
  expect(await second.sent()).toEqual([])
  expect(second.diagnostics).toEqual(['already_wrapped'])
  // The first one may wrap it again, and others once it is unwrapped.
  flywheel.wrap(openai)
  expect(diagnostics).toEqual([])
  second.flywheel.wrap(flywheel.unwrap(openai))
  await openai.chat.completions.create({ model, messages })
  await second.one()
  expect(second.diagnostics).toEqual(['already_wrapped'])
})

test('wrap returns the same object, changes no enumerable key, and unwrap takes everything back', () => {
  const { flywheel } = setup(stub.url)
  const client = new OpenAI({ apiKey: 'x', baseURL: stub.url })
  const keysBefore = [Object.keys(client), Object.keys(client.chat.completions)]
  const { create } = client.chat.completions
  expect(flywheel.wrap(client)).toBe(client)
  expect(client.chat.completions.create).not.toBe(create)
  expect([client.chat.completions.create.name, client.chat.completions.create.length]).toEqual([
    create.name,
    create.length,
  ])
  const patched = client.chat.completions.create
  expect(flywheel.wrap(client).chat.completions.create).toBe(patched)
  expect([Object.keys(client), Object.keys(client.chat.completions)]).toEqual(keysBefore)
  expect(client).toBeInstanceOf(OpenAI)
  expect(flywheel.unwrap(client)).toBe(client)
  expect(client.chat.completions.create).toBe(create)
  expect(Object.hasOwn(client, 'withOptions')).toBe(false)
})

test('a client it does not know comes back as it is, with a diagnostic', () => {
  const { flywheel, diagnostics } = setup(stub.url)
  const client = Object.freeze({ anything: 1 })
  expect(flywheel.wrap(client)).toBe(client)
  expect(diagnostics).toEqual(['unknown_client'])
})

test('withOptions makes a wrapped client of the same class', async () => {
  const { openai, one } = setup(stub.url)
  const other = openai.withOptions({ timeout: 5000 })
  expect(other).toBeInstanceOf(OpenAI)
  expect(other).not.toBe(openai)
  await other.chat.completions.create({ model, messages })
  await one()
})

test('unwrapped, nothing is recorded any more', async () => {
  const { openai, flywheel, sent } = setup(stub.url)
  await flywheel.unwrap(openai).chat.completions.create({ model, messages })
  expect(await sent()).toEqual([])
})

test('without a key the client is untouched and says so once', async () => {
  const codes: string[] = []
  const onDiagnostic = ({ code }: { code: string }) => void codes.push(code)
  const flywheel = createFlywheel({ apiKey: '', onDiagnostic })
  expect(createFlywheel({ apiKey: '', onDiagnostic })).toBe(flywheel)
  const openai = new OpenAI({ apiKey: 'x', baseURL: stub.url })
  const { create } = openai.chat.completions
  expect(flywheel.wrap(openai).chat.completions.create).toBe(create)
  expect(flywheel.feedback.thumb(flywheel.turn().id, 'up')).toBeTypeOf('string')
  expect(flywheel.turn().ticket).toBe('')
  expect(await flywheel.flush()).toEqual({ sent: 0, pending: 0, dropped: 0, rejected: 0, lastError: null })
  expect(codes).toEqual(['no_api_key'])
})
