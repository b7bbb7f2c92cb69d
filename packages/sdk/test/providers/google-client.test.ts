import Anthropic1 from '@anthropic-ai/sdk'
import { type CallableTool, type GenerateContentResponse, GoogleGenAI as GoogleGenAI3 } from '@google/genai'
import Anthropic0 from 'anthropic-0'
import { GoogleGenAI as GoogleGenAI1 } from 'genai-1'
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, test, vi } from 'vitest'
import type { FlywheelOptions } from '../../src/index.js'
import { contentBody, contentFrames, googleError, responseFrames } from '../support/google-stub.js'
import { frames, type ProviderStub, providerStub, whole } from '../support/provider-stub.js'
import { recording } from '../support/recording.js'
import { until } from '../support/setup.js'

let stub: ProviderStub
beforeAll(async () => {
  stub = await providerStub()
})
afterAll(() => stub.close())
afterEach(() => expect(stub.queue.splice(0)).toHaveLength(0))

const request = { model: 'gemini-test', contents: 'Hi' }
const said = (content: string) => [{ role: 'assistant', parts: [{ type: 'text', content }] }]
const streamed = contentFrames('stream-text.sse')
const answer = (parts: unknown[], more: object = {}) => ({
  candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
  modelVersion: 'gemini-3.8-flash-001',
  ...more,
})

// The majors' types differ in what is not used here; one of them stands for both.
const MAJORS = [
  ['1', GoogleGenAI1],
  ['3', GoogleGenAI3],
] as unknown as [string, typeof GoogleGenAI3][]

describe.each(MAJORS)('@google/genai %s', (_major, GoogleGenAI) => {
  function setup(options: FlywheelOptions = {}) {
    const kit = recording(options)
    const make = () => new GoogleGenAI({ apiKey: 'secret-key', httpOptions: { baseUrl: stub.url } })
    return { ...kit, bare: make(), client: kit.flywheel.wrap(make()) }
  }

  test('wrapping touches no lazy getter and changes no key (braintrust-sdk-javascript#594)', () => {
    const { flywheel } = setup()
    const client = new GoogleGenAI({ apiKey: 'x' })
    const touched: string[] = []
    for (const name of ['interactions', 'webhooks', 'agents']) {
      Object.defineProperty(client, name, {
        configurable: true,
        get() {
          touched.push(name)
          throw new Error('not on this platform')
        },
      })
    }
    const before = [Object.keys(client), Object.keys(client.models)]
    const { generateContent } = client.models
    flywheel.wrap(client)
    expect(client.models.generateContent).not.toBe(generateContent)
    expect(client.models.generateContent.name).toBe(generateContent.name)
    expect([Object.keys(client), Object.keys(client.models)]).toEqual(before)
    flywheel.unwrap(client)
    expect(client.models.generateContent).toBe(generateContent)
    expect([Object.keys(client), Object.keys(client.models)]).toEqual(before)
    expect(touched).toEqual([])
  })

  test('the response keeps its class and its getters', async () => {
    const { client, bare, one } = setup()
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    stub.queue.push(whole(contentBody('response-tools.json')), whole(contentBody('response-tools.json')))
    const [response, expected] = [
      await client.models.generateContent(request),
      await bare.models.generateContent(request),
    ]
    expect(Object.getPrototypeOf(response)).toBe(Object.getPrototypeOf(expected))
    expect((await one()).provider_json).not.toHaveProperty('sdkHttpResponse')
    // The library warns when `text` is read beside calls: that we read no getter shows in its silence.
    expect(warn).not.toHaveBeenCalled()
    expect(response.text).toBe(expected.text)
    expect(warn).toHaveBeenCalled()
    expect(response.functionCalls).toHaveLength(3)
    warn.mockRestore()
  })

  test('an async generator is recorded when the host reads it without a loop', async () => {
    const { client, flywheel, one } = setup()
    stub.queue.push(frames(streamed))
    const stream = await client.models.generateContentStream(request)
    const texts: unknown[] = []
    for (let step = await stream.next(); !step.done; step = await stream.next()) texts.push(step.value.text)
    expect(texts.join('')).toBe('Hello')
    const event = await one()
    expect(event).toMatchObject({ status: 'ok', outputs: said('Hello') })
    expect(flywheel.idOf(stream)).toBe(event.id)
  })

  test('stream.return() is an early break', async () => {
    const { client, one } = setup()
    stub.queue.push(frames(streamed, 'open'))
    const stream = await client.models.generateContentStream(request)
    await stream.next()
    await stream.return(undefined)
    expect(await one()).toMatchObject({ status: 'aborted', outputs: said('Hel') })
  })

  test('a chat goes through the models: each message is one record, with the history as it was sent', async () => {
    const { client, interactions } = setup()
    const chat = client.chats.create({ model: 'gemini-test', config: { systemInstruction: 'Be brief.' } })
    stub.queue.push(whole(contentBody('response.json')), frames(streamed))
    expect((await chat.sendMessage({ message: 'Hi' })).text).toBe('Hello')
    for await (const _ of await chat.sendMessageStream({ message: 'Again' }));
    expect(chat.getHistory()).toHaveLength(6)
    const [first, second] = await interactions()
    expect(first).toMatchObject({ system: [{ type: 'text', content: 'Be brief.' }], finish_reasons: ['STOP'] })
    expect(second?.messages).toEqual([
      { role: 'user', parts: [{ type: 'text', content: 'Hi' }] },
      { role: 'assistant', parts: [{ type: 'text', content: 'Hello' }] },
      { role: 'user', parts: [{ type: 'text', content: 'Again' }] },
    ])
    expect(second?.outputs).toEqual(said('Hello'))
  })

  function weather(): CallableTool & { calls: unknown[] } {
    const calls: unknown[] = []
    return {
      calls,
      tool: async () => ({ functionDeclarations: [{ name: 'weather', description: 'tells' }] }),
      callTool: async (given) => {
        calls.push(...given)
        return given.map(({ name }) => ({ functionResponse: { name: name as string, response: { sky: 'grey' } } }))
      },
    }
  }
  const calling = answer([{ functionCall: { name: 'weather', args: { city: 'Oslo' } } }])
  const HI = { role: 'user', parts: [{ type: 'text', content: 'Hi' }] }
  const CALL = { type: 'tool_call', id: 'weather', name: 'weather', arguments: { city: 'Oslo' } }
  const CALLED = [
    HI,
    { role: 'assistant', parts: [CALL] },
    {
      role: 'tool',
      parts: [{ type: 'tool_call_response', id: 'weather', response: { sky: 'grey' }, extra: { name: 'weather' } }],
    },
  ]

  test('automatic function calling is recorded as its last request: what was called stands before the answer', async () => {
    const { client, flywheel, one } = setup()
    await flywheel.flush()
    const tool = weather()
    stub.queue.push(whole(calling), whole(answer([{ text: 'It is grey.' }])))
    const response = await client.models.generateContent({ ...request, config: { tools: [tool], temperature: 0 } })
    expect(response.text).toBe('It is grey.')
    expect(tool.calls).toHaveLength(1)
    const event = await one()
    expect(event.messages).toEqual(CALLED)
    expect(event.outputs).toEqual(said('It is grey.'))
    expect(event.parameters).toEqual({ temperature: 0 })
    expect(event).toMatchObject({ usage_input_tokens: 10, usage_output_tokens: 5, finish_reasons: ['STOP'] })
    expect(event.provider_json).not.toHaveProperty('automaticFunctionCallingHistory')
    expect(event.tools).toEqual([{ type: 'callable', name: 'callable' }])
  })

  test('the same, streamed, and broken off in the second request', async () => {
    const { client, interactions } = setup()
    const last = responseFrames([answer([{ text: 'It is ' }]), answer([{ text: 'grey.' }])])
    const run = async (isLeft: boolean) => {
      stub.queue.push(frames(responseFrames([calling])), frames(last, 'end', isLeft ? 5 : 0))
      const stream = await client.models.generateContentStream({ ...request, config: { tools: [weather()] } })
      for await (const { candidates } of stream) if (isLeft && candidates?.[0]?.content?.parts?.[0]?.text) break
    }
    await run(false)
    await run(true)
    const [first, second] = await interactions()
    expect(first?.messages).toEqual(CALLED)
    expect(first?.outputs).toEqual(said('It is grey.'))
    expect(first).toMatchObject({ status: 'ok', usage_input_tokens: 10, usage_output_tokens: 5 })
    expect(second?.messages).toEqual(CALLED)
    expect(second?.outputs).toEqual(said('It is '))
  })

  test('automatic function calling that comes to its limit is recorded up to its last call', async () => {
    const { client, interactions } = setup()
    const config = () => ({ tools: [weather()], automaticFunctionCalling: { maximumRemoteCalls: 1 } })
    stub.queue.push(whole(calling))
    await client.models.generateContent({ ...request, config: config() })
    const [event] = await interactions()
    expect(event?.messages).toEqual([HI])
    expect(event?.outputs).toEqual([{ role: 'assistant', parts: [CALL] }])
  })

  test('with what is not content left out, what was called is not content either', async () => {
    const { client, flywheel, one } = setup({ capture: 'metadata' })
    await flywheel.flush()
    stub.queue.push(whole(calling), whole(answer([{ text: 'It is grey.' }])))
    await client.models.generateContent({ ...request, config: { tools: [weather()] } })
    const event = await one()
    expect(event).not.toHaveProperty('messages')
    expect(event).toMatchObject({ status: 'ok', model_requested: 'gemini-test', usage_output_tokens: 5 })
  })

  test('a tool that the host runs is recorded by name alone, also in the first call after wrap', async () => {
    for (const isLoaded of [true, false]) {
      const { client, flywheel, transport, one } = setup()
      if (isLoaded) await flywheel.flush()
      const tool = Object.assign(weather(), { config: { token: 'canary' } })
      stub.queue.push(whole(contentBody('response.json')))
      await client.models.generateContent({ ...request, config: { tools: [tool] } })
      expect((await one()).tools?.length).toBeGreaterThan(0)
      expect(transport.batches.map(({ ndjson }) => ndjson).join()).not.toContain('canary')
    }
  })

  test('an abort by config.abortSignal, before the answer and in the stream', async () => {
    const { client, interactions } = setup()
    const abort = new AbortController()
    stub.queue.push(() => {})
    const before = stub.requests.length
    const promise = client.models.generateContent({ ...request, config: { abortSignal: abort.signal } })
    promise.catch(() => {})
    await until(() => stub.requests.length > before)
    abort.abort()
    await expect(promise).rejects.toThrow('abort')
    const second = new AbortController()
    stub.queue.push(frames(streamed.slice(0, 1), 'open'))
    await expect(async () => {
      const config = { abortSignal: second.signal, temperature: 0 }
      for await (const _ of await client.models.generateContentStream({ ...request, config })) second.abort()
    }).rejects.toThrow('abort')
    const [unanswered, seen] = await interactions()
    expect(unanswered).toMatchObject({ status: 'aborted', parameters: {} })
    expect(unanswered).not.toHaveProperty('error_type')
    expect(seen).toMatchObject({ status: 'aborted', parameters: { temperature: 0 }, outputs: said('Hel') })
    expect(seen).not.toHaveProperty('error_type')
  })

  test('an error is the library’s own, and nothing goes unhandled', async () => {
    const { client, one } = setup()
    const unhandled: unknown[] = []
    const listen = (reason: unknown) => void unhandled.push(reason)
    process.on('unhandledRejection', listen)
    stub.queue.push(whole(googleError(429), 429))
    await expect(client.models.generateContent(request)).rejects.toMatchObject({ name: 'ApiError', status: 429 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
    expect(await one()).toMatchObject({ status: 'error', error_type: 'ApiError' })
  })

  test('a blocked prompt is an answer without outputs, whole and streamed', async () => {
    const { client, interactions } = setup()
    const blocked = contentBody('response-blocked.json')
    stub.queue.push(whole(blocked), frames(responseFrames([blocked])))
    await client.models.generateContent(request)
    for await (const _ of await client.models.generateContentStream(request));
    for (const event of await interactions()) {
      expect(event).toMatchObject({
        status: 'ok',
        outputs: [],
        has_text: false,
        finish_reasons: [],
        usage_input_tokens: 9,
        provider_json: { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } },
      })
    }
  })

  test('what is no answer is left alone: countTokens and models.list', async () => {
    const { client, sent } = setup()
    stub.queue.push(whole({ totalTokens: 3 }), whole({ models: [{ name: 'models/a' }] }))
    expect((await client.models.countTokens(request)).totalTokens).toBe(3)
    const names: unknown[] = []
    for await (const { name } of await client.models.list()) names.push(name)
    expect(names).toEqual(['models/a'])
    expect(await sent()).toEqual([])
  })

  test('Vertex is recorded under its own name', async () => {
    const kit = recording()
    const client = kit.flywheel.wrap(
      new GoogleGenAI({ vertexai: true, apiKey: 'secret-key', httpOptions: { baseUrl: stub.url } }),
    )
    stub.queue.push(whole(contentBody('response.json')))
    await client.models.generateContent(request)
    expect((await kit.one()).provider).toBe('gcp.vertex_ai')
  })
})

test('a stream that cannot be changed is the host’s all the same, and nothing goes unhandled', async () => {
  const { flywheel } = recording()
  const unhandled: unknown[] = []
  const listen = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  async function* numbers() {
    yield 1
    yield 2
  }
  const seen: number[] = []
  const stream = await flywheel.observe('frozen', Promise.resolve(Object.freeze(numbers())))
  for await (const value of stream) seen.push(value)
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', listen)
  expect([seen, unhandled]).toEqual([[1, 2], []])
})

test('a wrapped client has the type it had', () => {
  const { flywheel } = recording()
  expectTypeOf(flywheel.wrap(new GoogleGenAI3({ apiKey: 'x' }))).toEqualTypeOf<GoogleGenAI3>()
  expectTypeOf(flywheel.unwrap(new GoogleGenAI1({ apiKey: 'x' }))).toEqualTypeOf<GoogleGenAI1>()
  expectTypeOf(flywheel.wrap(new Anthropic1({ apiKey: 'x' }))).toEqualTypeOf<Anthropic1>()
  expectTypeOf(flywheel.wrap(new Anthropic0({ apiKey: 'x' }))).toEqualTypeOf<Anthropic0>()
  const { models } = flywheel.wrap(new GoogleGenAI3({ apiKey: 'x' }))
  expectTypeOf(models.generateContentStream).returns.resolves.toExtend<AsyncGenerator<GenerateContentResponse>>()
  expect(models.generateContent).toBeTypeOf('function')
})
