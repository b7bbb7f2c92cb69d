import OpenAI6 from 'openai'
import OpenAI5 from 'openai-5'
import OpenAI7 from 'openai-7'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFlywheel } from '../src/index.js'
import { memoryTransport } from '../src/test-kit/index.js'
import { completion, json, type OpenAIStub, openaiStub, sse, words } from './support/openai-stub.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const request = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] }
// The majors' types differ in what is not used here; one of them stands for all.
const MAJORS = [
  ['5', OpenAI5],
  ['6', OpenAI6],
  ['7', OpenAI7],
] as unknown as [string, typeof OpenAI6][]

describe.each(MAJORS)('openai %s', (_major, OpenAI) => {
  function setup() {
    const transport = memoryTransport()
    const flywheel = createFlywheel({ transport })
    const bare = new OpenAI({ apiKey: 'x', baseURL: stub.url, maxRetries: 0 })
    const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: stub.url, maxRetries: 0 }))
    const one = async () => {
      await flywheel.flush()
      expect(transport.events).toHaveLength(1)
      return transport.events[0] as unknown as Record<string, unknown>
    }
    return { bare, flywheel, openai, one }
  }
  const text = (content: string) => [{ role: 'assistant', parts: [{ type: 'text', content }] }]

  test('the promise has the keys and the class of the bare one', async () => {
    const { bare, openai } = setup()
    const [promise, expected] = [openai.chat.completions.create(request), bare.chat.completions.create(request)]
    expect(Object.keys(promise)).toEqual(Object.keys(expected))
    expect(Object.getPrototypeOf(promise)).toBe(Object.getPrototypeOf(expected))
    expect(await promise).toEqual(await expected)
  })

  test('withResponse', async () => {
    const { openai, one } = setup()
    const { data, request_id } = await openai.chat.completions.create(request).withResponse()
    expect([data.choices[0]?.message.content, request_id]).toEqual(['Hello', 'req_1'])
    expect(await one()).toMatchObject({ status: 'ok', outputs: text('Hello') })
  })

  test('asResponse', async () => {
    const { openai, one } = setup()
    const response = await openai.chat.completions.create(request).asResponse()
    expect(await response.json()).toMatchObject({ id: 'chatcmpl-1' })
    expect(await one()).toMatchObject({ status: 'ok', outputs: text('Hello') })
  })

  test('parse', async () => {
    const { flywheel, openai, one } = setup()
    stub.queue.push(json(completion({ content: '{"a":1}' })))
    const promise = openai.chat.completions.parse(request)
    const parsed = await promise
    expect(parsed.choices[0]?.message.content).toBe('{"a":1}')
    expect(await one()).toMatchObject({ id: flywheel.idOf(promise), status: 'ok', outputs: text('{"a":1}') })
    expect(flywheel.idOf(parsed)).toBe(flywheel.idOf(promise))
  })

  test('parse of a body that is no JSON is an error for the host and in the record', async () => {
    const { openai, one } = setup()
    stub.queue.push((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"choices":')
    })
    await expect(openai.chat.completions.parse(request)).rejects.toThrow()
    expect((await one())['status']).toBe('error')
  })

  test('stream, tee and toReadableStream', async () => {
    const { openai, one } = setup()
    stub.queue.push(sse(words(['a', 'b'])))
    const [left, right] = (await openai.chat.completions.create({ ...request, stream: true })).tee()
    let count = 0
    for await (const _ of left) count++
    expect((await new Response(right.toReadableStream()).text()).trim().split('\n')).toHaveLength(count)
    expect(await one()).toMatchObject({ status: 'ok', outputs: text('ab') })
  })

  test('an early break and an error in the stream', async () => {
    const first = setup()
    stub.queue.push(sse(words(['a', 'b']), 'done', 5))
    for await (const chunk of await first.openai.chat.completions.create({ ...request, stream: true })) {
      if (chunk.choices[0]?.delta.content === 'a') break
    }
    expect(await first.one()).toMatchObject({ status: 'aborted', outputs: text('a') })
    const second = setup()
    stub.queue.push(sse([...words(['a']).slice(0, 2), { error: { message: 'overloaded' } }]))
    await expect(async () => {
      for await (const _ of await second.openai.chat.completions.create({ ...request, stream: true }));
    }).rejects.toThrow('overloaded')
    expect(await second.one()).toMatchObject({ status: 'partial', error_type: 'APIError', outputs: text('a') })
  })

  test('the stream helper and withOptions', async () => {
    const { openai, one } = setup()
    stub.queue.push(sse(words(['a', 'b'])))
    const runner = openai.withOptions({ timeout: 5000 }).chat.completions.stream(request)
    expect(await runner.finalContent()).toBe('ab')
    expect(await one()).toMatchObject({ status: 'ok', outputs: text('ab') })
  })
})
