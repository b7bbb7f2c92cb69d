import OpenAI, { APIError, APIUserAbortError } from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { completion, json, type OpenAIStub, openaiStub, sse, words } from './support/openai-stub.js'
import { setup, until } from './support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const model = 'gpt-test'
const messages = [{ role: 'user' as const, content: 'Hi' }]

test('the promise is the provider’s own', () => {
  const { openai } = setup(stub.url)
  const bare = new OpenAI({ apiKey: 'x', baseURL: stub.url })
  const promise = openai.chat.completions.create({ model, messages })
  const expected = bare.chat.completions.create({ model, messages })
  expect(Object.getPrototypeOf(promise)).toBe(Object.getPrototypeOf(expected))
  expect(Object.keys(promise)).toEqual(Object.keys(expected))
  return Promise.all([promise, expected])
})

test('.withResponse() gives data, response and request id (sentry-javascript#19073)', async () => {
  const { openai, one } = setup(stub.url)
  const { data, response, request_id } = await openai.chat.completions.create({ model, messages }).withResponse()
  expect(data.choices[0]?.message.content).toBe('Hello')
  expect(response).toBeInstanceOf(Response)
  expect(request_id).toBe('req_1')
  expect((await one()).outputs).toEqual([{ role: 'assistant', parts: [{ type: 'text', content: 'Hello' }] }])
})

test('.withResponse() of a stream', async () => {
  const { openai, one } = setup(stub.url)
  stub.queue.push(sse(words(['a', 'b'])))
  const { data } = await openai.chat.completions.create({ model, messages, stream: true }).withResponse()
  for await (const _ of data);
  expect((await one()).outputs).toEqual([{ role: 'assistant', parts: [{ type: 'text', content: 'ab' }] }])
})

test.each(['json', 'text'] as const)('.asResponse() and reading its body with %s', async (method) => {
  const { openai, one } = setup(stub.url)
  const response = await openai.chat.completions.create({ model, messages }).asResponse()
  const body = await response[method]()
  expect(typeof body === 'string' ? JSON.parse(body) : body).toEqual(completion({ content: 'Hello' }))
  expect(await one()).toMatchObject({ status: 'ok', provider_response_id: 'chatcmpl-1', has_text: true })
})

test('.asResponse() read as a stream of bytes is recorded at shutdown, without content', async () => {
  const { openai, flywheel, transport } = setup(stub.url)
  const response = await openai.chat.completions.create({ model, messages }).asResponse()
  let size = 0
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) size += piece.length
  expect(size).toBeGreaterThan(100)
  await flywheel.shutdown()
  expect(transport.events).toMatchObject([{ status: 'ok', model_requested: model }])
  expect(transport.events[0]).not.toHaveProperty('outputs')
})

test('.parse() parses and its body is usable (opentelemetry-js-contrib#3586, openinference#1795)', async () => {
  const { openai, flywheel, one } = setup(stub.url)
  stub.queue.push(json(completion({ content: '{"a":1}' })))
  const promise = openai.chat.completions.parse({
    model,
    messages,
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'a', strict: true, schema: { type: 'object', properties: { a: { type: 'number' } } } },
    },
  })
  expect(flywheel.idOf(promise)).toBeTypeOf('string')
  const parsed = await promise
  expect(parsed.choices[0]?.message.content).toBe('{"a":1}')
  const event = await one()
  expect(event.id).toBe(flywheel.idOf(promise))
  expect(event.id).toBe(flywheel.idOf(parsed))
  expect(event.outputs?.[0]?.parts).toEqual([{ type: 'text', content: '{"a":1}' }])
})

test('awaiting a promise twice, and its parse beside it, is one record', async () => {
  const { openai, one } = setup(stub.url)
  const promise = openai.chat.completions.create({ model, messages })
  const [a, b] = await Promise.all([promise, promise])
  expect(a).toBe(b)
  expect(await promise).toBe(a)
  await one()
})

test('models.list() and auto-paging work (langfuse#7789)', async () => {
  const { openai } = setup(stub.url)
  const ids: string[] = []
  for await (const { id } of openai.models.list()) ids.push(id)
  expect(ids).toEqual(['a', 'b'])
  expect((await openai.models.list()).data).toHaveLength(2)
})

test('errors are the provider’s own', async () => {
  const { openai, one } = setup(stub.url)
  stub.queue.push(json({ error: { message: 'slow down', code: 'rate' } }, 429))
  const error = await openai.chat.completions.create({ model, messages }).catch((thrown) => thrown)
  expect(error).toBeInstanceOf(APIError)
  expect(error).toBeInstanceOf(OpenAI.RateLimitError)
  expect(await one()).toMatchObject({ status: 'error', error_type: 'RateLimitError', error_message: '429 slow down' })
})

test('an error in .withResponse() inside a try stays there', async () => {
  const { openai, one } = setup(stub.url)
  const unhandled: unknown[] = []
  const listen = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  stub.queue.push(json({ error: { message: 'no' } }, 400))
  await expect(openai.chat.completions.create({ model, messages }).withResponse()).rejects.toThrow('no')
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', listen)
  expect(unhandled).toEqual([])
  expect((await one()).status).toBe('error')
})

test('an abort before the answer is aborted and no error', async () => {
  const { openai, one } = setup(stub.url)
  stub.queue.push(() => {})
  const abort = new AbortController()
  const promise = openai.chat.completions.create({ model, messages }, { signal: abort.signal })
  setTimeout(() => abort.abort(), 20)
  await expect(promise).rejects.toBeInstanceOf(APIUserAbortError)
  const event = await one()
  expect(event.status).toBe('aborted')
  expect(event).not.toHaveProperty('error_message')
})

test('a promise nobody awaits is recorded', async () => {
  const { openai, flywheel, transport } = setup(stub.url)
  void openai.chat.completions.create({ model, messages })
  const seen = stub.requests.length
  await until(() => stub.requests.length > seen)
  await flywheel.shutdown()
  expect(transport.events).toMatchObject([{ status: 'aborted', model_requested: model }])
})

test('retries of the provider’s client are one record', async () => {
  const { openai, one } = setup(stub.url, {}, { maxRetries: 2 })
  const before = stub.requests.length
  stub.queue.push(json({}, 500, { 'retry-after-ms': '1' }), json({}, 500, { 'retry-after-ms': '1' }))
  await openai.chat.completions.create({ model, messages })
  expect(stub.requests.length - before).toBe(3)
  expect((await one()).status).toBe('ok')
})

test('a promise that cannot be observed stays the host’s, and its call is recorded at once', async () => {
  const { openai, flywheel, one, diagnostics } = setup(stub.url)
  const bare = openai.chat.completions
  const { create } = Object.getPrototypeOf(bare)
  flywheel.unwrap(openai)
  bare.create = ((...args: unknown[]) => Object.freeze(create.apply(bare, args))) as typeof bare.create
  flywheel.wrap(openai)
  const promise = bare.create({ model, messages })
  expect(await one()).toMatchObject({ status: 'partial', model_requested: model })
  expect(diagnostics).toEqual(['capture_failed'])
  expect((await promise.asResponse()).ok).toBe(true)
})
