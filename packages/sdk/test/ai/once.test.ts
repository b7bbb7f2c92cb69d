import { registerTelemetryIntegration } from 'ai-6'
import { registerTelemetry } from 'ai-7'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { flywheelMiddleware, flywheelTelemetry } from '../../src/ai/index.js'
import { completion, json, type OpenAIStub, openaiStub, sse, words } from '../support/openai-stub.js'
import { byModel, byOptions, unregister } from './majors.js'
import { aiSetup, messages, said } from './support.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterEach(unregister)
afterAll(() => stub.close())

describe.each(byOptions)('$name and everything else', (way) => {
  const register = way.major === 6 ? registerTelemetryIntegration : registerTelemetry

  test.each(['generateText', 'streamText'] as const)('%s is recorded once', async (kind) => {
    const { ai, flywheel, bare, turn, sent, diagnostics } = aiSetup(way, stub.url)
    register(flywheelTelemetry(flywheel))
    const model = turn.model(
      ai.wrapLanguageModel({ model: turn.model(bare), middleware: flywheelMiddleware(flywheel) }) as typeof bare,
    )
    const given = { model, messages, ...(turn.ai() as object) }
    stub.queue.push(kind === 'generateText' ? json(completion({ content: 'Hello' })) : sse(words(['Hel', 'lo'])))
    const text = kind === 'generateText' ? (await ai.generateText(given)).text : await ai.streamText(given).text
    expect(text).toBe('Hello')
    const events = await sent()
    expect(events.map(said)).toEqual([[['text', 'Hello']]])
    expect(diagnostics).toEqual([])
  })

  test('a registered integration and a middleware record once', async () => {
    const { ai, flywheel, bare, turn, sent } = aiSetup(way, stub.url)
    register(flywheelTelemetry(flywheel))
    const model = ai.wrapLanguageModel({ model: bare, middleware: flywheelMiddleware(flywheel) })
    stub.queue.push(json(completion({ content: 'Hello' })), sse(words(['Hel', 'lo'])))
    await turn.run(() => ai.generateText({ model, messages }))
    await turn.run(() => ai.streamText({ model, messages }).text)
    const events = await sent()
    expect(events.map(said)).toEqual([[['text', 'Hello']], [['text', 'Hello']]])
    expect(events.every((event) => event.turn_id === turn.id)).toBe(true)
  })

  test('an integration that is registered twice records once', async () => {
    const { ai, flywheel, bare, turn, sent } = aiSetup(way, stub.url)
    register(flywheelTelemetry(flywheel))
    register(flywheelTelemetry(flywheel))
    await turn.run(() => ai.generateText({ model: bare, messages }))
    expect(await sent()).toHaveLength(1)
  })

  test('the host’s other integrations are told as before', async () => {
    const { ai, bare, more, turn, sent } = aiSetup(way, stub.url)
    const told: string[] = []
    register({ onStart: () => void told.push('registered') } as never)
    await ai.generateText({ model: bare, messages, ...more() })
    expect(told).toEqual(['registered'])
    const own = { onStart: () => void told.push('own') }
    const settings = turn.ai({ functionId: 'f', integrations: [own] }) as object
    await ai.generateText({ model: bare, messages, ...settings })
    expect(told.at(way.major === 6 ? -1 : 1)).toBe('own')
    expect(await sent()).toHaveLength(2)
  })
})

test('concurrent calls with the same options keep their prompts apart', async () => {
  for (const way of byOptions) {
    const { ai, bare, turn, sent } = aiSetup(way, stub.url)
    const ask = (content: string) =>
      ai.generateText({ model: bare, messages: [{ role: 'user', content }], ...(turn.ai() as object) })
    stub.answer = (request, response) =>
      json(completion({ content: `Re: ${(request['messages'] as { content: string }[]).at(-1)?.content}` }))(
        request,
        response,
        {} as never,
      )
    await Promise.all(['a', 'b', 'c'].map(ask))
    stub.answer = json(completion({ content: 'Hello' }))
    const pairs = (await sent()).map(({ messages: asked, outputs }) =>
      [asked, outputs].map((list) => said({ outputs: list } as never)),
    )
    expect(pairs).toHaveLength(3)
    for (const [asked, answered] of pairs)
      expect(answered).toEqual((asked as [string, string][]).map(([type, content]) => [type, `Re: ${content}`]))
  }
})

test('one result of turn.ai() for two calls at once mixes no prompts', async () => {
  for (const way of byOptions) {
    const { ai, bare, turn, sent, diagnostics } = aiSetup(way, stub.url)
    const shared = turn.ai() as object
    stub.answer = (request, response) =>
      json(completion({ content: `Re: ${(request['messages'] as { content: string }[]).at(-1)?.content}` }))(
        request,
        response,
        {} as never,
      )
    const ask = (content: string) => ai.generateText({ model: bare, messages: [{ role: 'user', content }], ...shared })
    const results = await Promise.all(['a', 'b'].map(ask))
    expect(results.map(({ text }) => text)).toEqual(['Re: a', 'Re: b'])
    await ask('c')
    stub.answer = json(completion({ content: 'Hello' }))
    const pairs = (await sent()).map((event) => [event.messages?.[0]?.parts[0], event.outputs?.[0]?.parts[0]])
    // Version 7 tells calls apart; version 6 does not, and says so instead of guessing.
    const asked = way.major === 6 ? ['c'] : ['a', 'b', 'c']
    expect(pairs.map(([prompt]) => prompt)).toEqual(
      expect.arrayContaining(asked.map((content) => ({ type: 'text', content }))),
    )
    expect(pairs).toHaveLength(asked.length)
    for (const [prompt, answer] of pairs)
      expect(answer).toMatchObject({ content: `Re: ${(prompt as { content: string }).content}` })
    expect(diagnostics).toEqual(way.major === 6 ? ['ai_not_recorded'] : [])
  }
})

test('version 5 with turn.ai() alone says what to do; with turn.model() too it records once', async () => {
  const [five] = byModel
  if (!five) throw new Error('no way of version 5')
  const { ai, model, bare, turn, sent, diagnostics } = aiSetup(five, stub.url)
  await ai.generateText({ model: bare, messages, ...(turn.ai() as object) })
  expect(await sent()).toEqual([])
  expect(diagnostics).toEqual(['ai_not_recorded'])
  await ai.generateText({ model, messages, ...(turn.ai() as object) })
  expect((await sent()).map(said)).toEqual([[['text', 'Hello']]])
  expect(diagnostics).toHaveLength(1)
})

test('a gateway’s model id is returned as it is, with a diagnostic', () => {
  const [way] = byModel
  if (!way) throw new Error('no way of version 5')
  const { turn, diagnostics } = aiSetup(way, stub.url)
  expect(turn.model('openai/gpt-5')).toBe('openai/gpt-5')
  expect(diagnostics).toEqual(['unknown_model'])
})

test('a wrapped model is what the model is', () => {
  for (const way of byModel) {
    const { bare, model } = aiSetup(way, stub.url)
    expect(model).toBeInstanceOf(bare.constructor)
    expect([model.specificationVersion, model.provider, model.modelId, model.supportedUrls]).toEqual([
      bare.specificationVersion,
      bare.provider,
      bare.modelId,
      bare.supportedUrls,
    ])
    expect(Object.keys(model)).toEqual(Object.keys(bare))
  }
})
