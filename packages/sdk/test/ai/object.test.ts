import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { completion, json, type OpenAIStub, openaiStub, sse, words } from '../support/openai-stub.js'
import { byMiddleware, byModel, byOptions, byRegistry, unregister } from './majors.js'
import { aiSetup, messages, said } from './support.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterEach(unregister)
afterAll(() => stub.close())

const schema = z.object({ city: z.string() })
/** Version 6 tells its integrations nothing of these functions. */
const telling = [...byModel, ...byMiddleware, ...[...byOptions, ...byRegistry].filter(({ major }) => major > 6)]

describe.each(telling)('$name', (way) => {
  test('generateObject', async () => {
    const { ai, model, run, more, sent, turn } = aiSetup(way, stub.url)
    stub.queue.push(json(completion({ content: '{"city":"Oslo"}' })))
    const { object } = await run(() => ai.generateObject({ model, messages, schema, temperature: 0, ...more() }))
    expect(object).toEqual({ city: 'Oslo' })
    const events = await sent()
    expect(events).toMatchObject([
      {
        turn_id: turn.id,
        status: 'ok',
        messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }],
        parameters: { temperature: 0, responseFormat: { type: 'json', schema: { required: ['city'] } } },
        model_answered: 'gpt-test-2026',
        provider_response_id: 'chatcmpl-1',
        finish_reasons: ['stop'],
        usage_input_tokens: 12,
        usage_cached_tokens: 4,
        usage_reasoning_tokens: 3,
      },
    ])
    expect(said(events[0])).toEqual([['text', '{"city":"Oslo"}']])
  })

  test('streamObject', async () => {
    const { ai, model, run, more, sent, turn } = aiSetup(way, stub.url)
    stub.queue.push(sse(words(['{"city":', '"Oslo"}'])))
    const result = run(() => ai.streamObject({ model, messages, schema, ...more() }))
    const objects: unknown[] = []
    for await (const object of result.partialObjectStream) objects.push(object)
    expect(objects.at(-1)).toEqual({ city: 'Oslo' })
    const events = await sent()
    expect(events).toMatchObject([{ turn_id: turn.id, status: 'ok', finish_reasons: ['stop'] }])
    expect(said(events[0])).toEqual([['text', '{"city":"Oslo"}']])
  })

  test('generateObject that fails', async () => {
    const { ai, model, run, more, sent } = aiSetup(way, stub.url)
    stub.queue.push(json({ error: { message: 'no such model' } }, 400))
    await expect(run(() => ai.generateObject({ model, messages, schema, ...more() }))).rejects.toThrow('no such model')
    expect(await sent()).toMatchObject([{ status: 'error', error_message: 'no such model' }])
  })

  test('an object that does not fit the schema is recorded as the model wrote it', async () => {
    const { ai, model, run, more, sent } = aiSetup(way, stub.url)
    stub.queue.push(json(completion({ content: '{"town":"Oslo"}' })))
    await expect(run(() => ai.generateObject({ model, messages, schema, ...more() }))).rejects.toThrow()
    const [event, ...others] = await sent()
    expect(others).toEqual([])
    expect(said(event)).toEqual([['text', '{"town":"Oslo"}']])
  })
})

test('turn.ai() says where it is told no prompt, and records nothing then', async () => {
  const [six] = byOptions
  if (!six) throw new Error('no way of version 6')
  const { ai, model, more, sent, diagnostics } = aiSetup(six, stub.url)
  stub.queue.push(json(completion({ content: '{"city":"Oslo"}' })))
  const { object } = await ai.generateObject({ model, messages, schema, ...more() })
  expect(object).toEqual({ city: 'Oslo' })
  expect(await sent()).toEqual([])
  expect(diagnostics).toEqual(['ai_not_recorded'])
})
