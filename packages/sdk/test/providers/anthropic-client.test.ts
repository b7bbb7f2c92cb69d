import Anthropic1 from '@anthropic-ai/sdk'
import Anthropic0 from 'anthropic-0'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { anthropicError, eventFrames, messageBody, messageFrames } from '../support/anthropic-stub.js'
import { frames, type ProviderStub, providerStub, whole } from '../support/provider-stub.js'
import { recording } from '../support/recording.js'
import { until } from '../support/setup.js'

let stub: ProviderStub
beforeAll(async () => {
  stub = await providerStub()
})
afterAll(() => stub.close())
afterEach(() => expect(stub.queue.splice(0)).toHaveLength(0))

const request = { model: 'm', max_tokens: 64, messages: [{ role: 'user' as const, content: 'Hi' }] }
const text = (content: string) => [{ role: 'assistant', parts: [{ type: 'text', content }] }]
const streamed = messageFrames('stream-text.sse')

// The majors' types differ in what is not used here; one of them stands for both.
const MAJORS = [
  ['0', Anthropic0],
  ['1', Anthropic1],
] as unknown as [string, typeof Anthropic1][]

describe.each(MAJORS)('@anthropic-ai/sdk %s', (_major, Anthropic) => {
  function setup() {
    const kit = recording()
    const make = () => new Anthropic({ apiKey: 'x', baseURL: stub.url, maxRetries: 0 })
    return { ...kit, bare: make(), client: kit.flywheel.wrap(make()) }
  }

  test('.withResponse() gives data, response and request id (sentry-javascript#19912)', async () => {
    const { client, one } = setup()
    stub.queue.push(whole(messageBody('message.json'), 200, { 'request-id': 'req_1' }))
    const { data, response, request_id } = await client.messages.create(request).withResponse()
    expect([data.id, request_id]).toEqual(['msg_013Zva2CMHLNnXjNJJKqJ2EF', 'req_1'])
    expect(response).toBeInstanceOf(Response)
    expect(await one()).toMatchObject({ status: 'ok', outputs: text('Hello') })
  })

  test('.withResponse() of a stream', async () => {
    const { client, one } = setup()
    stub.queue.push(frames(streamed))
    const { data } = await client.messages.create({ ...request, stream: true }).withResponse()
    for await (const _ of data);
    expect(await one()).toMatchObject({ status: 'ok', outputs: text('Hello') })
  })

  test.each(['json', 'text'] as const)('.asResponse() and reading its body with %s', async (method) => {
    const { client, one } = setup()
    stub.queue.push(whole(messageBody('message.json')))
    const response = await client.messages.create(request).asResponse()
    const body = await response[method]()
    expect(typeof body === 'string' ? JSON.parse(body) : body).toEqual(messageBody('message.json'))
    expect(await one()).toMatchObject({ status: 'ok', outputs: text('Hello') })
  })

  test('.asResponse() and then the promise is one record, and the body is usable', async () => {
    const { client, one } = setup()
    stub.queue.push(whole(messageBody('message.json')))
    const promise = client.messages.create(request)
    const response = await promise.asResponse()
    expect(response.bodyUsed).toBe(false)
    expect((await promise).id).toBe('msg_013Zva2CMHLNnXjNJJKqJ2EF')
    expect(await one()).toMatchObject({ status: 'ok', outputs: text('Hello') })
  })

  test('_thenUnwrap sees the answer first, and the new promise has the same id (openinference#1795)', async () => {
    const { client, flywheel, one } = setup()
    stub.queue.push(whole(messageBody('message.json')))
    const promise = client.messages.create(request) as unknown as {
      _thenUnwrap(transform: (value: { id: string }) => unknown): PromiseLike<unknown>
    }
    const unwrapped = promise._thenUnwrap(({ id }) => ({ length: id.length }))
    expect(await unwrapped).toEqual({ length: 'msg_013Zva2CMHLNnXjNJJKqJ2EF'.length })
    const event = await one()
    expect(event).toMatchObject({ status: 'ok', outputs: text('Hello') })
    expect(flywheel.idOf(unwrapped)).toBe(event.id)
  })

  test('messages.parse parses; one record, found by its answer (opentelemetry-js-contrib#3586)', async () => {
    const { client, flywheel, one } = setup()
    stub.queue.push(whole(messageBody('message.json', { content: [{ type: 'text', text: '{"a":1}' }] })))
    const parsed = await client.messages.parse({
      ...request,
      output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
    } as never)
    expect((parsed as { parsed_output?: unknown }).parsed_output).toEqual({ a: 1 })
    const event = await one()
    expect(event).toMatchObject({ status: 'ok', outputs: text('{"a":1}') })
    expect(event.provider_json).not.toHaveProperty('parsed_output')
    expect(flywheel.idOf(parsed)).toBe(event.id)
  })

  test.each([false, true])(
    'messages.stream() fires its events and gives the final message (beta %s)',
    async (isBeta) => {
      const { client, bare, flywheel, one } = setup()
      const events = async (from: typeof client) => {
        stub.queue.push(frames(streamed))
        const seen: unknown[] = []
        const api = (isBeta ? from.beta.messages : from.messages) as typeof from.messages
        const stream = api.stream(request)
        stream.on('text', (delta, snapshot) => seen.push(['text', delta, snapshot]))
        stream.on('streamEvent', ({ type }) => seen.push(type))
        stream.on('finalMessage', ({ stop_reason }) => seen.push(['final', stop_reason]))
        stream.on('end', () => seen.push('end'))
        const message = await stream.finalMessage()
        return { seen, message, text: await stream.finalText() }
      }
      const expected = await events(bare)
      const actual = await events(client)
      expect(actual).toEqual(expected)
      expect(actual.text).toBe('Hello')
      expect(actual.seen).toContainEqual(['text', 'lo', 'Hello'])
      const event = await one()
      expect(event).toMatchObject({ status: 'ok', outputs: text('Hello'), usage_output_tokens: 15 })
      expect(flywheel.idOf(actual.message)).toBe(event.id)
    },
  )

  test('messages.stream() is iterable without await (langfuse#4571)', async () => {
    const { client, one } = setup()
    stub.queue.push(frames(streamed))
    let count = 0
    for await (const _ of client.messages.stream(request)) count++
    expect(count).toBe(7)
    expect((await one()).status).toBe('ok')
  })

  test('messages.stream() aborted: recorded as aborted, with what was seen', async () => {
    const { client, one } = setup()
    stub.queue.push(frames(streamed.slice(0, 3), 'open'))
    const stream = client.messages.stream(request)
    stream.on('text', () => stream.abort())
    await expect(stream.finalMessage()).rejects.toThrow('aborted')
    const event = await one()
    expect(event).toMatchObject({ status: 'aborted', outputs: text('Hel') })
    expect(event).not.toHaveProperty('error_type')
  })

  test('stream.controller.abort() ends the loop without an error', async () => {
    const { client, one } = setup()
    stub.queue.push(frames(streamed.slice(0, 3), 'open'))
    const stream = await client.messages.create({ ...request, stream: true })
    let count = 0
    for await (const _ of stream) if (++count === 3) stream.controller.abort()
    expect(count).toBe(3)
    expect(await one()).toMatchObject({ status: 'aborted', outputs: text('Hel'), finish_reasons: [''] })
  })

  test('tee and toReadableStream carry everything, and one record each', async () => {
    const { client, interactions } = setup()
    stub.queue.push(frames(streamed))
    const [left, right] = (await client.messages.create({ ...request, stream: true })).tee()
    const counts = [0, 0]
    for await (const _ of left) counts[0]!++
    for await (const _ of right) counts[1]!++
    stub.queue.push(frames(streamed))
    const stream = await client.messages.create({ ...request, stream: true })
    const lines = (await new Response(stream.toReadableStream()).text()).trim().split('\n')
    expect([...counts, lines.length]).toEqual([7, 7, 7])
    expect(await interactions()).toMatchObject([
      { status: 'ok', outputs: text('Hello') },
      { status: 'ok', outputs: text('Hello') },
    ])
  })

  test('an error event in the stream is the host’s, and kills nothing (posthog-js#4074)', async () => {
    const { client, interactions } = setup()
    const unhandled: unknown[] = []
    const listen = (reason: unknown) => void unhandled.push(reason)
    process.on('unhandledRejection', listen)
    stub.queue.push(frames(messageFrames('stream-error.sse')))
    await expect(async () => {
      for await (const _ of await client.messages.create({ ...request, stream: true }));
    }).rejects.toBeInstanceOf(Anthropic.APIError)
    stub.queue.push(whole(anthropicError(400), 400))
    await expect(client.messages.create(request).withResponse()).rejects.toThrow('400')
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
    expect(await interactions()).toMatchObject([
      { status: 'partial', error_type: 'APIError', outputs: text('Hel') },
      { status: 'error', error_type: 'BadRequestError' },
    ])
  })

  test('beta.messages.toolRunner runs the tools; each step is one record of the turn (langfuse#4066)', async () => {
    const { client, flywheel, interactions } = setup()
    stub.queue.push(whole(messageBody('message-tools.json')), whole(messageBody('message.json')))
    const turn = flywheel.turn()
    const tool = (name: string, run: (input: never) => string) => ({
      name,
      description: name,
      input_schema: { type: 'object' as const, properties: {} },
      run,
      parse: (input: unknown) => input as never,
    })
    const message = await turn.run(async () =>
      client.beta.messages.toolRunner({
        ...request,
        tools: [
          tool('get_weather', ({ city }: { city: string }) => `rain in ${city}`),
          tool('get_time', () => 'noon'),
        ] as never,
      }),
    )
    expect(message.content).toMatchObject([{ type: 'text', text: 'Hello' }])
    const [first, second] = await interactions()
    expect(first).toMatchObject({ turn_id: turn.id, finish_reasons: ['tool_use'] })
    expect(second).toMatchObject({ turn_id: turn.id, finish_reasons: ['end_turn'], outputs: text('Hello') })
    expect(first?.tools).toEqual([
      {
        type: 'function',
        name: 'get_weather',
        description: 'get_weather',
        parameters: { type: 'object', properties: {} },
      },
      { type: 'function', name: 'get_time', description: 'get_time', parameters: { type: 'object', properties: {} } },
    ])
    const results = second?.messages?.at(-1)
    expect(results?.role).toBe('tool')
    expect(results?.parts).toMatchObject([
      { type: 'tool_call_response', id: 'toolu_01D7FLrfh4GYq7yT1ULFeyMV' },
      { type: 'tool_call_response', id: 'toolu_01B4rYPWDbwvtqZ8HwsgiF4v' },
    ])
    expect(JSON.stringify(results)).toContain('rain in Oslo')
  })

  test('a streaming toolRunner: each step is one record, as the host saw it', async () => {
    const { client, bare, flywheel, interactions } = setup()
    const tools = ['f', 'g'].map((name) => ({
      name,
      description: name,
      input_schema: { type: 'object' as const },
      run: () => `${name} ran`,
      parse: (input: unknown) => input as never,
    }))
    async function run(from: typeof client) {
      stub.queue.push(frames(messageFrames('stream-tools.sse')), frames(streamed))
      const types: string[] = []
      const runner = from.beta.messages.toolRunner({ ...request, tools: tools as never, stream: true })
      for await (const stream of runner) for await (const event of stream) types.push(event.type)
      return { types, message: await runner.done() }
    }
    const expected = await run(bare)
    const actual = await run(client)
    expect(actual).toEqual(expected)
    const [first, second] = await interactions()
    expect(first).toMatchObject({ status: 'ok', finish_reasons: ['tool_use'] })
    expect(first?.outputs?.[0]?.parts).toMatchObject([
      { type: 'text', content: 'Let me see' },
      { type: 'tool_call', name: 'f', arguments: '{ "id": 12345678901234567890, "x": 1.0 }' },
      { type: 'tool_call', name: 'g', arguments: {} },
    ])
    expect(second).toMatchObject({ status: 'ok', outputs: text('Hello'), usage_output_tokens: 15 })
    expect(second?.time_to_first_token_ms).toBeGreaterThan(0)
    expect(flywheel.idOf(actual.message)).toBe(second?.id)
  })

  test('the first call after wrap is recorded in full, though its options hold a circle', async () => {
    const { client, one } = setup()
    const agent: Record<string, unknown> = {}
    agent['self'] = agent
    stub.queue.push(whole(messageBody('message.json')))
    await client.messages.create(request, { fetchOptions: { agent } } as never)
    expect(await one()).toMatchObject({ messages: [{ parts: [{ content: 'Hi' }] }], outputs: text('Hello') })
  })

  test('withOptions makes a wrapped client of the same class', async () => {
    const { client, one } = setup()
    const other = client.withOptions({ timeout: 5000 })
    expect(other).toBeInstanceOf(Anthropic)
    stub.queue.push(whole(messageBody('message.json')))
    await other.messages.create(request)
    expect((await one()).outputs).toEqual(text('Hello'))
  })

  test('what is no answer is left alone: countTokens, batches, models and auto-paging (langfuse#7789)', async () => {
    const { client, sent } = setup()
    stub.queue.push(whole({ input_tokens: 9 }))
    expect((await client.messages.countTokens({ model: 'm', messages: request.messages })).input_tokens).toBe(9)
    const page = (ids: string[], has_more: boolean) =>
      whole({ data: ids.map((id) => ({ id, type: 'model' })), has_more, first_id: ids[0], last_id: ids.at(-1) })
    stub.queue.push(page(['a'], true), page(['b'], false))
    const ids: string[] = []
    for await (const { id } of client.models.list()) ids.push(id)
    expect(ids).toEqual(['a', 'b'])
    stub.queue.push(whole({ id: 'msgbatch_1', type: 'message_batch', processing_status: 'in_progress' }))
    const batch = await client.messages.batches.create({ requests: [{ custom_id: 'a', params: request }] })
    expect(batch.id).toBe('msgbatch_1')
    expect(await sent()).toEqual([])
  })

  test('a host that aborts by its own signal before the answer', async () => {
    const { client, one } = setup()
    stub.queue.push(() => {})
    const abort = new AbortController()
    const before = stub.requests.length
    const promise = client.messages.create(request, { signal: abort.signal })
    await until(() => stub.requests.length > before)
    abort.abort()
    await expect(promise).rejects.toBeInstanceOf(Anthropic.APIUserAbortError)
    expect(await one()).toMatchObject({ status: 'aborted' })
  })

  test('events of the same name as no other: what a later API adds is kept', async () => {
    const { client, one } = setup()
    const events = [
      { type: 'message_start', message: messageBody('message.json', { content: [], stop_reason: null }) },
      { type: 'content_block_start', index: 0, content_block: { type: 'novelty', a: 1 } },
      { type: 'content_block_delta', index: 0, delta: { type: 'novel_delta', b: 2 } },
      { type: 'weather_report', rain: true },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', novel: 3 }, usage: { output_tokens: 9 } },
      { type: 'message_stop' },
    ]
    stub.queue.push(frames(eventFrames(events)))
    for await (const _ of await client.messages.create({ ...request, stream: true }));
    expect(await one()).toMatchObject({
      status: 'ok',
      outputs: [{ parts: [{ type: 'other', provider_type: 'novelty', raw: { type: 'novelty', a: 1, b: 2 } }] }],
      provider_json: { novel: 3, events: [{ type: 'weather_report', rain: true }] },
    })
  })
})

test('a message thread of 1.x: each turn is one record and names what it continues, whole, streamed and broken off', async () => {
  const { flywheel, interactions } = recording()
  const client = flywheel.wrap(new Anthropic1({ apiKey: 'x', baseURL: stub.url, maxRetries: 0 }))
  const thread = client.beta.messages.thread({ model: 'm', max_tokens: 64 })
  stub.queue.push(whole(messageBody('message.json')), frames(streamed), frames(streamed.slice(0, 3), 'open'))
  await thread.send([{ role: 'user', content: 'Hi' }])
  expect(await thread.stream([{ role: 'user', content: 'Again' }]).finalText()).toBe('Hello')
  const broken = thread.stream([{ role: 'user', content: 'Stop' }])
  broken.on('text', () => broken.abort())
  await expect(broken.finalMessage()).rejects.toThrow('aborted')
  const [first, second, third] = await interactions()
  expect(first).toMatchObject({ status: 'ok', outputs: text('Hello') })
  expect(first).not.toHaveProperty('continues')
  expect(second).toMatchObject({
    status: 'ok',
    continues: first?.provider_response_id,
    messages: [{ parts: [{ content: 'Again' }] }],
    outputs: text('Hello'),
  })
  expect(third).toMatchObject({
    status: 'aborted',
    continues: second?.provider_response_id,
    outputs: text('Hel'),
  })
})
