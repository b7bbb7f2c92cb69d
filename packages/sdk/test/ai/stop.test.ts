import { MockLanguageModelV2 } from 'ai-5/test'
import { MockLanguageModelV3 } from 'ai-6/test'
import { MockLanguageModelV4 } from 'ai-7/test'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { chunk, json, type OpenAIStub, openaiStub, sse, words } from '../support/openai-stub.js'
import { until } from '../support/setup.js'
import { everyWay, type Model, unregister } from './majors.js'
import { aiSetup, messages, said } from './support.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterEach(unregister)
afterAll(() => stub.close())

const MOCKS = { 5: MockLanguageModelV2, 6: MockLanguageModelV3, 7: MockLanguageModelV4 } as unknown as Record<
  number,
  new (
    given: object,
  ) => Model
>

describe.each(everyWay.filter(({ seesStream }) => seesStream))('$name', (way) => {
  test('a model that hears no signal is aborted all the same, with what was seen', async () => {
    const Mock = MOCKS[way.major] as new (given: object) => Model
    const parts = [
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'Hel' },
      { type: 'text-delta', id: '1', delta: 'lo' },
    ]
    const stream = new ReadableStream({
      pull(controller) {
        const part = parts.shift()
        // Then it hangs for ever.
        if (part) controller.enqueue(part)
        else return new Promise<void>(() => {})
      },
    })
    const mock = new Mock({ doStream: async () => ({ stream }) })
    const { ai, model, run, more, sent } = aiSetup(way, stub.url, () => mock)
    const controller = new AbortController()
    const result = run(() => ai.streamText({ model, messages, abortSignal: controller.signal, ...more() }))
    const reader = result.fullStream.getReader()
    let seen = ''
    while (seen !== 'Hello') {
      const { value } = await reader.read()
      if (value?.type === 'text-delta') seen += value.text
    }
    const next = reader.read()
    controller.abort()
    if (way.major === 7) await next
    let events = await sent()
    await until(() => events.length > 0).catch(() => {})
    events = await sent()
    expect(events).toMatchObject([{ status: 'aborted' }])
    expect(said(events[0])).toEqual([['text', 'Hello']])
  })

  test('a browser that goes away while the answer is written', async () => {
    const { ai, flywheel, model, run, more, turn, transport } = aiSetup(way, stub.url)
    stub.queue.push(sse([chunk({ content: 'Hel' }), chunk({ content: 'lo' })], 'open'))
    const result = run(() => ai.streamText({ model, messages, ...more() }))
    const { body } = result.toUIMessageStreamResponse({ messageMetadata: turn.messageMetadata })
    const reader = (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream() as never).getReader()
    while (!String((await reader.read()).value).includes('Hel'));
    await reader.cancel()
    await flywheel.shutdown()
    expect(transport.events).toMatchObject([{ turn_id: turn.id, status: 'aborted' }])
  })

  test('a stream that is tried again is one record', async () => {
    const { ai, model, run, more, sent } = aiSetup(way, stub.url)
    stub.queue.push(json({ error: { message: 'busy' } }, 503, { 'retry-after-ms': '5' }), sse(words(['Hel', 'lo'])))
    expect(await run(() => ai.streamText({ model, messages, ...more() })).text).toBe('Hello')
    const events = await sent()
    expect(events).toMatchObject([{ status: 'ok' }])
    expect(said(events[0])).toEqual([['text', 'Hello']])
  })

  test('a signal that outlives its calls keeps none of them', async () => {
    const { ai, model, run, more, sent } = aiSetup(way, stub.url)
    const controller = new AbortController()
    const heard = new Set<unknown>()
    const { signal } = controller
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (type: string, listener: never, options?: never) => {
      if (String(new Error().stack).includes('/sdk/src/ai/')) heard.add(listener)
      add(type, listener, options)
    }
    signal.removeEventListener = (type: string, listener: never, options?: never) => {
      heard.delete(listener)
      remove(type, listener, options)
    }
    stub.queue.push(sse(words(['a'])))
    await run(() => ai.streamText({ model, messages, abortSignal: signal, ...more() })).text
    expect(await sent()).toHaveLength(1)
    expect(heard.size).toBe(0)
  })
})
