import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import OpenAI, { APIError } from 'openai'
import { Stream } from 'openai/streaming'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chunk, type OpenAIStub, openaiStub, sse, words } from './support/openai-stub.js'
import { setup } from './support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const model = 'gpt-test'
const messages = [{ role: 'user' as const, content: 'Hi' }]

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

test.each(['the stream', 'its iterator'])(
  '%s frozen: read as without us, and recorded without content',
  async (what) => {
    const { flywheel, sent, transport } = setup(stub.url)
    const values = async function* () {
      yield 'a'
      yield 'b'
    }
    const iterator = {
      next: (
        (inner) => () =>
          inner.next()
      )(values()),
    }
    const open = { [Symbol.asyncIterator]: () => (what === 'the stream' ? values() : Object.freeze(iterator)) }
    const source = what === 'the stream' ? Object.freeze(open) : open
    const read: string[] = []
    for await (const value of flywheel.observe('frozen', source as AsyncIterable<string>)) read.push(value)
    expect(read).toEqual(['a', 'b'])
    expect(await sent()).toMatchObject([{ type: 'interaction', status: 'ok' }])
    await flywheel.shutdown()
    expect(transport.events).toHaveLength(1)
  },
)
