import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import OpenAI, { APIError, APIUserAbortError } from 'openai'
import { Stream } from 'openai/streaming'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFlywheel } from '../src/index.js'
import { chunk, completion, json, type OpenAIStub, openaiStub, sse, words } from './support/openai-stub.js'
import { setup, until } from './support/setup.js'

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

describe('a wrapped client behaves as the bare one', () => {
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

  test('.stream() helper fires its events and is iterable without await (langfuse#4571)', async () => {
    const { openai, one } = setup(stub.url)
    stub.queue.push(sse(words(['a', 'b', 'c'])))
    const runner = openai.chat.completions.stream({ model, messages })
    const deltas: string[] = []
    runner.on('content', (delta) => deltas.push(delta))
    let count = 0
    for await (const _ of runner) count++
    expect(count).toBe(5)
    expect(deltas.join('')).toBe('abc')
    expect((await runner.finalChatCompletion()).choices[0]?.message.content).toBe('abc')
    expect((await one()).status).toBe('ok')
  })

  test('runTools runs the tools; each step is one record (langfuse#4066)', async () => {
    const { openai, flywheel, sent } = setup(stub.url)
    const call = { id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1,"b":2}' } }
    const first = completion({ content: null, tool_calls: [call] })
    ;(first['choices'] as { finish_reason: string }[])[0]!.finish_reason = 'tool_calls'
    stub.queue.push(json(first))
    const turn = flywheel.turn()
    const runner = turn.run(() =>
      openai.chat.completions.runTools({
        model,
        messages,
        tools: [
          {
            type: 'function',
            function: {
              name: 'add',
              description: 'adds',
              parameters: { type: 'object', properties: {} },
              parse: JSON.parse,
              function: ({ a, b }: { a: number; b: number }) => String(a + b),
            },
          },
        ],
      }),
    )
    expect(await runner.finalContent()).toBe('Hello')
    const events = await sent()
    expect(events).toMatchObject([
      { turn_id: turn.id, finish_reasons: ['tool_calls'], has_text: false },
      { turn_id: turn.id, finish_reasons: ['stop'], has_text: true },
    ])
    const second = events[1] as { messages: unknown[] }
    expect(second.messages.slice(1)).toEqual([
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'add', arguments: '{"a":1,"b":2}' }] },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: '3' }] },
    ])
  })

  test('a stream keeps its class, its chunk count and its own objects', async () => {
    const { openai, flywheel, one } = setup(stub.url)
    const chunks = words(['a', 'b', 'c'])
    stub.queue.push(sse(chunks))
    const promise = openai.chat.completions.create({ model, messages, stream: true })
    const id = flywheel.idOf(promise)
    const stream = await promise
    expect(stream).toBeInstanceOf(Stream)
    expect(flywheel.idOf(stream)).toBe(id)
    const seen: unknown[] = []
    for await (const value of stream) seen.push(value)
    expect(seen).toEqual(chunks)
    expect((await one()).id).toBe(id)
  })

  test('iterating a stream twice fails as it does without us', async () => {
    const { openai, one } = setup(stub.url)
    stub.queue.push(sse(words(['a'])))
    const stream = await openai.chat.completions.create({ model, messages, stream: true })
    for await (const _ of stream);
    await expect(async () => {
      for await (const _ of stream);
    }).rejects.toThrow('consumed stream')
    expect((await one()).status).toBe('ok')
  })

  test('tee gives both halves everything, and one record', async () => {
    const { openai, one } = setup(stub.url)
    stub.queue.push(sse(words(['a', 'b'])))
    const [left, right] = (await openai.chat.completions.create({ model, messages, stream: true })).tee()
    const read = async (stream: Stream<OpenAI.ChatCompletionChunk>) => {
      let text = ''
      for await (const value of stream) text += value.choices[0]?.delta.content ?? ''
      return text
    }
    expect(await Promise.all([read(left), read(right)])).toEqual(['ab', 'ab'])
    expect((await one()).outputs?.[0]?.parts).toEqual([{ type: 'text', content: 'ab' }])
  })

  test('toReadableStream carries the same lines as the bare client', async () => {
    const { openai, one } = setup(stub.url)
    const bare = new OpenAI({ apiKey: 'x', baseURL: stub.url })
    const read = async (client: OpenAI) => {
      stub.queue.push(sse(words(['a', 'b'])))
      const stream = await client.chat.completions.create({ model, messages, stream: true })
      return await new Response(stream.toReadableStream()).text()
    }
    expect(await read(openai)).toBe(await read(bare))
    expect((await one()).status).toBe('ok')
  })

  test('next() returns the promise of the provider: no tick is added', async () => {
    const { openai, flywheel } = setup(stub.url)
    const bare = new OpenAI({ apiKey: 'x', baseURL: stub.url })
    const inner: unknown[] = []
    const tap = (stream: { iterator?: () => AsyncIterator<unknown> }) => {
      const open = stream.iterator as () => AsyncIterator<unknown>
      stream.iterator = () => {
        const iterator = open()
        const next = iterator.next.bind(iterator)
        iterator.next = () => {
          const promise = next()
          inner.push(promise)
          return promise
        }
        return iterator
      }
    }
    stub.queue.push(sse(words(['a'])))
    const stream = await bare.chat.completions.create({ model, messages, stream: true })
    tap(stream as unknown as Parameters<typeof tap>[0])
    const observed = flywheel.observe('s', stream)
    const iterator = observed[Symbol.asyncIterator]()
    const promise = iterator.next()
    expect(promise).toBe(inner[0])
    await iterator.return?.()
    expect(openai).toBeInstanceOf(OpenAI)
  })

  test('controller.abort() ends the iteration without an error (vercel/ai#8676)', async () => {
    const { openai, one } = setup(stub.url)
    stub.queue.push(sse(words(['a', 'b']).slice(0, 3), 'open'))
    const stream = await openai.chat.completions.create({ model, messages, stream: true })
    let count = 0
    for await (const _ of stream) if (++count === 3) stream.controller.abort()
    expect(count).toBe(3)
    const event = await one()
    expect(event).toMatchObject({ status: 'aborted', finish_reasons: [''] })
    expect(event.outputs).toEqual([{ role: 'assistant', parts: [{ type: 'text', content: 'ab' }] }])
    expect(event).not.toHaveProperty('error_type')
  })

  test('withOptions makes a wrapped client of the same class', async () => {
    const { openai, one } = setup(stub.url)
    const other = openai.withOptions({ timeout: 5000 })
    expect(other).toBeInstanceOf(OpenAI)
    expect(other).not.toBe(openai)
    await other.chat.completions.create({ model, messages })
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
})

describe('what ends how', () => {
  test('an early break is aborted, with what was seen', async () => {
    const { openai, one } = setup(stub.url)
    stub.queue.push(sse(words(['a', 'b', 'c']), 'done', 5))
    for await (const value of await openai.chat.completions.create({ model, messages, stream: true })) {
      if (value.choices[0]?.delta.content === 'b') break
    }
    const event = await one()
    expect(event).toMatchObject({ status: 'aborted', has_text: true })
    expect(event.outputs?.[0]?.parts).toEqual([{ type: 'text', content: 'ab' }])
  })

  test('a break after the finish reason is ok', async () => {
    const { openai, one } = setup(stub.url)
    stub.queue.push(sse(words(['a'], { prompt_tokens: 1 })))
    for await (const value of await openai.chat.completions.create({ model, messages, stream: true })) {
      if (value.choices[0]?.finish_reason) break
    }
    expect(await one()).toMatchObject({ status: 'ok', finish_reasons: ['stop'] })
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

  test('a stream that the provider cuts is partial', async () => {
    const { openai, one } = setup(stub.url)
    stub.queue.push(sse(words(['a', 'b']).slice(0, 3), 'cut'))
    for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }));
    expect(await one()).toMatchObject({ status: 'partial', has_text: true, finish_reasons: [''] })
  })

  test('a stream that breaks throws at the host and is partial, with its error', async () => {
    const { openai, one } = setup(stub.url)
    stub.queue.push(sse(words(['a', 'b']).slice(0, 3), 'destroy'))
    await expect(async () => {
      for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }));
    }).rejects.toThrow('terminated')
    const event = await one()
    expect(event).toMatchObject({ status: 'partial', error_message: 'terminated' })
    expect(event.outputs?.[0]?.parts).toEqual([{ type: 'text', content: 'ab' }])
  })

  test('a provider error in the middle of a stream reaches the host alone (posthog-js#4074)', async () => {
    const { openai, one } = setup(stub.url)
    stub.queue.push(sse([chunk({ content: 'a' }), { error: { message: 'overloaded' } }]))
    await expect(async () => {
      for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }));
    }).rejects.toBeInstanceOf(APIError)
    expect(await one()).toMatchObject({ status: 'partial', error_type: 'APIError', has_text: true })
  })

  test('a stream nobody reads is recorded at shutdown as aborted', async () => {
    const { openai, flywheel, transport } = setup(stub.url)
    stub.queue.push(sse(words(['a'])))
    const stream = await openai.chat.completions.create({ model, messages, stream: true })
    expect(flywheel.stats().created).toBe(0)
    await flywheel.shutdown()
    expect(transport.events).toMatchObject([{ id: flywheel.idOf(stream), status: 'aborted' }])
  })

  test('a stream that is dropped unread is recorded when it is collected, not kept for ever', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const { openai, flywheel } = setup(stub.url)
    const open = async () => {
      stub.queue.push(sse(words(['a'])))
      await openai.chat.completions.create({ model, messages, stream: true })
    }
    await open()
    const end = Date.now() + 10_000
    while (flywheel.stats().created === 0 && Date.now() < end) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(flywheel.stats().created).toBe(1)
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
})
