import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { chunk, completion, json, type OpenAIStub, openaiStub, sse, words } from '../support/openai-stub.js'
import { everyWay, unregister } from './majors.js'
import { aiSetup, messages, said } from './support.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterEach(unregister)
afterAll(() => stub.close())

const usage = {
  prompt_tokens: 12,
  completion_tokens: 7,
  total_tokens: 19,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 3 },
}
const TOKENS = {
  usage_input_tokens: 12,
  usage_output_tokens: 7,
  usage_cached_tokens: 4,
  usage_reasoning_tokens: 3,
}
const CALL = {
  id: 'call_1',
  type: 'function',
  function: { name: 'weather', arguments: '{"city": "Oslo", "day": 12345678901234567890}' },
}

describe.each(everyWay)('$name', (way) => {
  const setup = () => aiSetup(way, stub.url)
  const { seesStream, major } = way
  const tools = {
    weather: way.ai.tool({
      description: 'Weather of a city',
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => ({ city, celsius: 7 }),
    }),
  }

  test('an answer, whole', async () => {
    const { ai, model, run, more, sent, turn, diagnostics } = setup()
    const { text } = await run(() =>
      ai.generateText({
        model,
        system: 'Be brief.',
        messages,
        temperature: 0.3,
        headers: { 'x-secret': 's3cret' },
        ...more(),
      }),
    )
    expect(text).toBe('Hello')
    const [event, ...others] = await sent()
    expect(others).toEqual([])
    expect(event).toMatchObject({
      turn_id: turn.id,
      user_id: 'u1',
      task: 'chat',
      operation: 'chat',
      provider: 'openai',
      model_requested: 'gpt-test',
      model_answered: 'gpt-test-2026',
      provider_response_id: 'chatcmpl-1',
      messages: [
        { role: 'system', parts: [{ type: 'text', content: 'Be brief.' }] },
        { role: 'user', parts: [{ type: 'text', content: 'Hi' }] },
      ],
      parameters: { temperature: 0.3 },
      outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'Hello' }] }],
      has_text: true,
      finish_reasons: ['stop'],
      status: 'ok',
      ...TOKENS,
    })
    expect(JSON.stringify(event)).not.toContain('s3cret')
    expect(diagnostics).toEqual([])
  })

  test('an answer, streamed: the same chunks, and the first of them timed', async () => {
    const { ai, model, bare, run, more, sent, turn, diagnostics } = setup()
    stub.queue.push(sse(words(['Hel', 'lo'], usage)), sse(words(['Hel', 'lo'], usage)))
    const chunks: string[] = []
    for await (const text of run(() => ai.streamText({ model, messages, ...more() })).textStream) chunks.push(text)
    const [event, ...others] = await sent()
    const expected: string[] = []
    unregister()
    for await (const text of ai.streamText({ model: bare, messages }).textStream) expected.push(text)
    expect(chunks).toEqual(expected)
    expect(others).toEqual([])
    expect(event).toMatchObject({
      turn_id: turn.id,
      provider_response_id: 'chatcmpl-2',
      outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'Hello' }] }],
      has_text: true,
      finish_reasons: ['stop'],
      status: 'ok',
      ...TOKENS,
    })
    if (seesStream) expect(event?.time_to_first_token_ms).toBeLessThanOrEqual(event?.duration_ms as number)
    expect(diagnostics).toEqual([])
  })

  test.each(['generateText', 'streamText'] as const)(
    'each step of a tool loop by %s, text before the call kept',
    async (kind) => {
      const { ai, model, run, more, sent, turn } = setup()
      if (kind === 'generateText')
        stub.queue.push(
          json(completion({ content: 'Let me look.', tool_calls: [CALL] }, { id: 'r1' })),
          json(completion({ content: '7 degrees.' }, { id: 'r2' })),
        )
      else
        stub.queue.push(
          sse([
            { ...chunk({ role: 'assistant', content: 'Let me ' }), id: 'r1' },
            { ...chunk({ content: 'look.' }), id: 'r1' },
            {
              ...chunk({ tool_calls: [{ index: 0, ...CALL, function: { name: 'weather', arguments: '' } }] }),
              id: 'r1',
            },
            { ...chunk({ tool_calls: [{ index: 0, function: { arguments: CALL.function.arguments } }] }), id: 'r1' },
            { ...chunk({}, { finish_reason: 'tool_calls' }), id: 'r1' },
          ]),
          sse(words(['7 degrees.']).map((value) => ({ ...(value as object), id: 'r2' }))),
        )
      const given = { model, messages, tools, stopWhen: ai.stepCountIs(3), ...more() }
      const text = await run(async () =>
        kind === 'generateText' ? (await ai.generateText(given)).text : await ai.streamText(given).text,
      )
      expect(text).toBe('7 degrees.')
      const events = await sent()
      const [first, second, ...others] = events.filter((event) => event.operation === 'chat')
      expect(others).toEqual([])
      expect(events.every((event) => event.turn_id === turn.id)).toBe(true)
      expect(said(first)).toEqual([
        ['text', 'Let me look.'],
        ['tool_call', null],
      ])
      expect(first).toMatchObject({ provider_response_id: 'r1', status: 'ok' })
      const { arguments: written } = (first?.outputs?.[0]?.parts[1] ?? {}) as { arguments?: unknown }
      // What the model wrote, its large number too; telemetry events alone tell a parsed object.
      if (seesStream) expect(written).toBe(CALL.function.arguments)
      else expect(written).toMatchObject({ city: 'Oslo' })
      expect(first?.tools).toMatchObject([
        {
          type: 'function',
          name: 'weather',
          description: 'Weather of a city',
          parameters: { properties: { city: { type: 'string' } } },
        },
      ])
      expect(said(second)).toEqual([['text', '7 degrees.']])
      expect(second?.messages?.slice(-2)).toMatchObject([
        {
          role: 'assistant',
          parts: [
            { type: 'text', content: 'Let me look.' },
            { type: 'tool_call', id: 'call_1', name: 'weather' },
          ],
        },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: { city: 'Oslo', celsius: 7 } }] },
      ])
      // Telemetry tells the executions too; a model knows nothing of them.
      const executed = events.filter((event) => event.operation === 'execute_tool')
      if (way.name.includes('turn.ai()') || way.name.includes('registered'))
        expect(executed).toMatchObject([
          {
            parent_id: first?.id,
            status: 'ok',
            messages: [{ parts: [{ type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Oslo' } }] }],
            outputs: [
              { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: { celsius: 7 } }] },
            ],
          },
        ])
      else expect(executed).toEqual([])
    },
  )

  test('a structured output', async () => {
    const { ai, model, run, more, sent } = setup()
    stub.queue.push(json(completion({ content: '{"city":"Oslo"}' })))
    const output = ai.Output.object({ schema: z.object({ city: z.string() }) })
    const given = { model, messages, ...(major === 5 ? { experimental_output: output } : { output }), ...more() }
    const result = await run(() => ai.generateText(given))
    expect(major === 5 ? result.experimental_output : result.output).toEqual({ city: 'Oslo' })
    const [event, ...others] = await sent()
    expect(others).toEqual([])
    expect(event).toMatchObject({ status: 'ok' })
    expect(said(event)).toEqual([['text', '{"city":"Oslo"}']])
    if (seesStream)
      expect(event?.parameters).toMatchObject({ responseFormat: { type: 'json', schema: { required: ['city'] } } })
  })

  test('the host’s abort keeps what was seen (vercel/ai#8676)', async () => {
    const { ai, model, run, more, sent, turn } = setup()
    stub.queue.push(sse([chunk({ content: 'Hel' }), chunk({ content: 'lo' })], 'open'))
    const controller = new AbortController()
    const aborted: unknown[] = []
    const result = run(() =>
      ai.streamText({
        model,
        messages,
        abortSignal: controller.signal,
        onAbort: (event) => void aborted.push(event),
        ...more(),
      }),
    )
    const seen: string[] = []
    for await (const text of result.textStream) {
      seen.push(text)
      if (seen.length === 2) controller.abort()
    }
    expect(seen.join('')).toBe('Hello')
    expect(aborted).toHaveLength(1)
    const [event, ...others] = await sent()
    expect(others).toEqual([])
    expect(event).toMatchObject({ turn_id: turn.id, status: 'aborted', messages: [{ role: 'user' }] })
    expect(event).not.toHaveProperty('error_type')
    if (seesStream) expect(said(event)).toEqual([['text', 'Hello']])
  })

  test('a model that throws: the host’s error is the provider’s', async () => {
    const { ai, model, run, more, sent, turn, flywheel, transport } = setup()
    stub.queue.push(json({ error: { message: 'no such model', type: 'invalid_request_error' } }, 400))
    const failure = await run(() => ai.generateText({ model, messages, maxRetries: 0, ...more() })).catch(
      (error) => error,
    )
    expect(failure.message).toBe('no such model')
    expect(ai.APICallError.isInstance(failure)).toBe(true)
    // Registered with version 6 an integration is told of no failure: the record is written when nobody waits any more.
    if (!seesStream) {
      await flywheel.shutdown()
      expect(transport.events).toMatchObject([{ turn_id: turn.id, status: 'partial', messages: [{ role: 'user' }] }])
      return
    }
    expect(await sent()).toMatchObject([
      {
        turn_id: turn.id,
        status: 'error',
        error_message: 'no such model',
        messages: [{ role: 'user' }],
        parameters: {},
      },
    ])
  })

  test('a stream that breaks is partial, with what was seen; the host sees what it saw', async () => {
    const { ai, model, bare, run, more, sent, turn } = setup()
    const broken = sse([chunk({ content: 'Hel' }), chunk({ content: 'lo' })], 'destroy')
    stub.queue.push(broken, broken)
    const parts = async (result: { fullStream: AsyncIterable<{ type: string }> }) => {
      const types: string[] = []
      try {
        for await (const part of result.fullStream) types.push(part.type)
      } catch (error) {
        types.push(`thrown ${(error as Error).constructor.name}`)
      }
      return types
    }
    const onError = () => {}
    const seen = await parts(run(() => ai.streamText({ model, messages, onError, ...more() })))
    const events = seesStream ? await sent() : []
    unregister()
    expect(seen).toEqual(await parts(ai.streamText({ model: bare, messages, onError })))
    if (!seesStream) return
    expect(events).toMatchObject([{ turn_id: turn.id, status: 'partial' }])
    expect(events[0]?.error_message).toBeTypeOf('string')
    expect(said(events[0])).toEqual([['text', 'Hello']])
  })
})
