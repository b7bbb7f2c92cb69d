import { createHash } from 'node:crypto'
import type OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chunk, completion, json, type OpenAIStub, openaiStub, sse, words } from './support/openai-stub.js'
import { setup } from './support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const model = 'gpt-test'
const messages = [{ role: 'user' as const, content: 'Hi' }]

test('one call, every field', async () => {
  const { openai, flywheel, one } = setup(stub.url, {
    consent: { train: 'granted' },
    consentBasis: 'terms-1',
    environment: 'test',
    release: 'r1',
    surface: 'chat',
  })
  const promise = flywheel.context.run(
    { user: 'u1', session: 's1', task: 'reply', surface: 'mail', metadata: { a: 'b' } },
    () =>
      openai.chat.completions.create({
        model,
        messages: [{ role: 'system', content: 'Be kind' }, ...messages],
        temperature: 0.5,
        tools: [
          { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true } },
        ],
      }),
  )
  await promise
  const { duration_ms, ...event } = await one()
  expect(duration_ms).toBeGreaterThan(0)
  expect(event).toEqual({
    type: 'interaction',
    id: flywheel.idOf(promise),
    schema_version: 1,
    consent: { train: 'granted' },
    consent_basis: 'terms-1',
    environment: 'test',
    release: 'r1',
    surface: 'mail',
    user_id: 'u1',
    session_id: 's1',
    task: 'reply',
    metadata: { a: 'b' },
    sdk_name: 'flywheel-js',
    sdk_version: '0.0.0',
    operation: 'chat',
    provider: 'openai',
    model_requested: model,
    messages: [
      { role: 'system', parts: [{ type: 'text', content: 'Be kind' }] },
      { role: 'user', parts: [{ type: 'text', content: 'Hi' }] },
    ],
    tools: [{ type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true }],
    parameters: { temperature: 0.5 },
    model_answered: 'gpt-test-2026',
    provider_response_id: 'chatcmpl-1',
    outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'Hello' }] }],
    has_text: true,
    finish_reasons: ['stop'],
    usage_input_tokens: 12,
    usage_output_tokens: 7,
    usage_cached_tokens: 4,
    usage_reasoning_tokens: 3,
    provider_json: {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'gpt-test-2026',
      usage: completion({})['usage'],
    },
    status: 'ok',
  })
})

test('no field stands twice in a line, whatever frame and call carry', async () => {
  const { openai, flywheel, transport } = setup(stub.url, { environment: 'a', consent: { train: 'denied' } })
  await flywheel
    .turn({ environment: 'b', consent: { train: 'granted' }, agent: 'x', tags: ['t'] })
    .run(() => flywheel.observe('outer', () => openai.chat.completions.create({ model, messages })))
  await flywheel.flush()
  for (const line of transport.batches.flatMap((batch) => batch.ndjson.split('\n'))) {
    const names: string[] = []
    let depth = 0
    for (const token of line.match(/"(?:[^"\\]|\\.)*"\s*:?|[{}[\]]/g) ?? []) {
      if (token === '{' || token === '[') depth++
      else if (token === '}' || token === ']') depth--
      else if (depth === 1 && token.endsWith(':')) names.push(token)
    }
    expect(new Set(names).size).toBe(names.length)
  }
})

test('a request mutated after the call is recorded as it was sent', async () => {
  const { openai, one } = setup(stub.url)
  const chat: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'first' }]
  const promise = openai.chat.completions.create({ model, messages: chat })
  chat.push({ role: 'user', content: 'second' })
  ;(chat[0] as { content: string }).content = 'changed'
  const answer = await promise
  chat.push(answer.choices[0]!.message)
  expect((await one()).messages).toEqual([{ role: 'user', parts: [{ type: 'text', content: 'first' }] }])
})

test('null content is no part (lmnr#179)', async () => {
  const { openai, one } = setup(stub.url)
  stub.queue.push(json(completion({ content: null, refusal: 'I cannot' })))
  await openai.chat.completions.create({ model, messages: [{ role: 'assistant', content: null }, ...messages] })
  const event = await one()
  expect(event.messages?.[0]).toEqual({ role: 'assistant', parts: [] })
  expect(event.outputs).toEqual([{ role: 'assistant', parts: [{ type: 'refusal', content: 'I cannot' }] }])
  expect(event.has_text).toBe(false)
})

test('arguments stay the model’s exact string: big integers and odd spacing', async () => {
  const { openai, one } = setup(stub.url)
  const text = '{ "id": 12345678901234567890, "x": 1.0 }'
  const tool_calls = [
    { id: 'a', type: 'function', function: { name: 'f', arguments: text } },
    { id: 'b', type: 'function', function: { name: 'g', arguments: '{broken' } },
    { id: 'c', type: 'custom', custom: { name: 'shell', input: 'ls' } },
  ]
  stub.queue.push(json(completion({ content: 'Let me see', tool_calls })))
  await openai.chat.completions.create({ model, messages })
  expect((await one()).outputs?.[0]?.parts).toEqual([
    { type: 'text', content: 'Let me see' },
    { type: 'tool_call', id: 'a', name: 'f', arguments: text },
    { type: 'tool_call', id: 'b', name: 'g', arguments: '{broken' },
    { type: 'tool_call', id: 'c', name: 'shell', arguments: 'ls', extra: { type: 'custom' } },
  ])
})

test('parallel tool calls of a stream, text first, pieces interleaved (langfuse#12490)', async () => {
  const { openai, one } = setup(stub.url)
  const call = (index: number, more: object) => chunk({ tool_calls: [{ index, ...more }] })
  stub.queue.push(
    sse([
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Let ' }),
      chunk({ content: 'me see' }),
      call(0, { id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
      call(1, { id: 'b', type: 'function', function: { name: 'g', arguments: '{"y"' } }),
      call(0, { function: { arguments: '{"x": 12345678901234567890' } }),
      call(1, { function: { arguments: ':2}' } }),
      call(0, { function: { arguments: '}' } }),
      chunk({}, { finish_reason: 'tool_calls' }),
    ]),
  )
  for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }));
  const event = await one()
  expect(event.outputs?.[0]?.parts).toEqual([
    { type: 'text', content: 'Let me see' },
    { type: 'tool_call', id: 'a', name: 'f', arguments: '{"x": 12345678901234567890}' },
    { type: 'tool_call', id: 'b', name: 'g', arguments: '{"y":2}' },
  ])
  expect(event.finish_reasons).toEqual(['tool_calls'])
})

test('n > 1 is kept apart, in index order, whole and streamed', async () => {
  const { openai, sent } = setup(stub.url)
  const choice = (index: number, content: string) => ({
    index,
    message: { role: 'assistant', content },
    finish_reason: index ? 'length' : 'stop',
  })
  stub.queue.push(json({ ...completion({}), choices: [choice(1, 'second'), choice(0, 'first')] }))
  await openai.chat.completions.create({ model, messages, n: 2 })
  stub.queue.push(
    sse([
      chunk({ content: 'sec' }, {}, 1),
      chunk({ content: 'first' }, {}, 0),
      chunk({ content: 'ond' }, {}, 1),
      chunk({}, { finish_reason: 'stop' }, 0),
      chunk({}, { finish_reason: 'length' }, 1),
    ]),
  )
  for await (const _ of await openai.chat.completions.create({ model, messages, n: 2, stream: true }));
  for (const event of await sent()) {
    expect(event).toMatchObject({
      outputs: [{ parts: [{ content: 'first' }] }, { parts: [{ content: 'second' }] }],
      finish_reasons: ['stop', 'length'],
      status: 'ok',
    })
  }
})

test('tokens are not counted twice where every chunk carries the total (langsmith-sdk PR#1825)', async () => {
  const { openai, one } = setup(stub.url)
  const usage = (completion_tokens: number) => ({ usage: { prompt_tokens: 10, completion_tokens } })
  stub.queue.push(
    sse([
      chunk({ content: 'a' }, usage(1)),
      chunk({ content: 'b' }, usage(2)),
      chunk({}, { finish_reason: 'stop', ...usage(2) }),
    ]),
  )
  for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }));
  expect(await one()).toMatchObject({ usage_input_tokens: 10, usage_output_tokens: 2 })
})

test('usage in a last chunk without choices, cached and reasoning tokens, time to the first token', async () => {
  const { openai, one } = setup(stub.url)
  stub.queue.push(sse(words(['a', 'b'], completion({})['usage']), 'done', 3))
  for await (const _ of await openai.chat.completions.create({
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  }));
  const event = await one()
  expect(event).toMatchObject({
    usage_input_tokens: 12,
    usage_output_tokens: 7,
    usage_cached_tokens: 4,
    usage_reasoning_tokens: 3,
    provider_response_id: 'chatcmpl-2',
  })
  expect(event.time_to_first_token_ms).toBeLessThan(event.duration_ms as number)
})

test('log probabilities grow, reasoning of compatible servers comes before the text, unknown deltas are kept', async () => {
  const { openai, one } = setup(stub.url)
  const piece = (delta: object, logprobs: unknown) => {
    const value = chunk(delta as Record<string, unknown>)
    ;(value['choices'] as Record<string, unknown>[])[0]!['logprobs'] = logprobs
    return value
  }
  stub.queue.push(
    sse([
      chunk({ reasoning_content: 'hm' }),
      chunk({ novelty: [{ n: 1 }] }),
      piece({ content: 'a', annotations: [{ n: 1 }] }, { content: [{ token: 'a' }], refusal: null }),
      piece(
        { content: 'b', annotations: [{ n: 2 }], novelty: [{ n: 2 }] },
        { content: [{ token: 'b' }], refusal: null },
      ),
      chunk({}, { finish_reason: 'stop' }),
    ]),
  )
  for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }));
  expect((await one()).outputs?.[0]?.parts).toEqual([
    {
      type: 'reasoning',
      content: 'hm',
      extra: { logprobs: { content: [{ token: 'a' }, { token: 'b' }], refusal: null } },
    },
    { type: 'text', content: 'ab', extra: { annotations: [{ n: 1 }, { n: 2 }] } },
    { type: 'other', provider_type: 'novelty', raw: [{ n: 1 }, { n: 2 }] },
  ])
})

test('images, audio and files become hashes, links and ids; the bytes never travel (vercel/ai#3311)', async () => {
  const { openai, transport, one } = setup(stub.url)
  const bytes = Buffer.from('not really a picture, but binary enough: \u0000\u0001')
  const base64 = bytes.toString('base64')
  await openai.chat.completions.create({
    model,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${base64}`, detail: 'low' } },
          { type: 'image_url', image_url: { url: 'https://example.org/a.png' } },
          { type: 'input_audio', input_audio: { data: base64, format: 'wav' } },
          { type: 'file', file: { file_id: 'file-1' } },
          { type: 'novelty', value: 7 } as never,
        ],
      },
    ],
  })
  const blob = { type: 'blob', sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length }
  expect((await one()).messages?.[0]?.parts).toEqual([
    { type: 'text', content: 'What is this?' },
    { ...blob, media_type: 'image/png', extra: { detail: 'low' } },
    { type: 'uri', uri: 'https://example.org/a.png' },
    { ...blob, media_type: 'audio/wav' },
    { type: 'file', file_id: 'file-1' },
    { type: 'other', provider_type: 'novelty', raw: { type: 'novelty', value: 7 } },
  ])
  expect(transport.batches.map((batch) => batch.ndjson).join()).not.toContain(base64)
})

test('half a character and NUL do not cost the event', async () => {
  const { openai, one } = setup(stub.url)
  stub.queue.push(json(completion({ content: 'cut \ud83d' })))
  await openai.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'nul \u0000, said \\ud83d and \\\\u0000' }],
  })
  const event = await one()
  expect(event.messages?.[0]?.parts).toEqual([{ type: 'text', content: 'nul \ufffd, said \\ud83d and \\\\u0000' }])
  expect(event.outputs?.[0]?.parts).toEqual([{ type: 'text', content: 'cut \ufffd' }])
})

test('what a compatible server makes of the shape is read without an exception', async () => {
  const { openai, sent, diagnostics } = setup(stub.url)
  for (const body of [
    {},
    { choices: null },
    { choices: [null, 3] },
    [],
    { choices: [{ message: 'x' }], usage: { prompt_tokens: -1, completion_tokens: 1.5 } },
  ]) {
    stub.queue.push(json(body))
    await openai.chat.completions.create({ model, messages: 'none' as never })
  }
  stub.queue.push(
    sse([{}, { choices: [{}] }, { choices: [{ delta: { tool_calls: [{}, null, { index: 5 }] } }] }, { choices: 'x' }]),
  )
  for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }));
  expect(await sent()).toHaveLength(6)
  expect(diagnostics).toEqual([])
})

test('pictures larger than the queue cost neither their record nor what waits beside them', async () => {
  const { flywheel, openai, sent } = setup(stub.url, { maxQueueBytes: 200_000 })
  const bytes = Buffer.alloc(300_000, 7)
  const url = `data:image/png;base64,${bytes.toString('base64')}`
  flywheel.feedback.thumb({ ref: 'mail:1' }, 'up')
  const image = { type: 'image_url' as const, image_url: { url } }
  await openai.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: [image] }] })
  expect(flywheel.stats().bytes).toBeLessThan(20_000)
  const events = await sent()
  expect(events.map(({ type }) => type).sort()).toEqual(['feedback', 'interaction'])
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  expect(events.find(({ type }) => type === 'interaction')).toMatchObject({
    messages: [{ parts: [{ type: 'blob', sha256, bytes: bytes.length }] }],
  })
})
