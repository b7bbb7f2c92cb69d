import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { chunk, completion, json, type OpenAIStub, openaiStub, sse, words } from '../support/openai-stub.js'
import { byModel, byOptions, byRegistry, everyWay, unregister } from './majors.js'
import { aiSetup, messages, said } from './support.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterEach(unregister)
afterAll(() => stub.close())

describe.each([...byModel, ...byOptions, ...byRegistry])('$name', (way) => {
  test('idOf a result is known before the first token and is the id of the record', async () => {
    const { ai, flywheel, model, run, more, sent } = aiSetup(way, stub.url)
    stub.queue.push(sse(words(['a'])))
    const result = run(() => ai.streamText({ model, messages, ...more() }))
    const id = flywheel.idOf(result)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(flywheel.idOf(result)).toBe(id)
    await result.consumeStream()
    expect((await sent()).map((event) => event.id)).toEqual([id])
  })

  test('of two results in one run of code neither is guessed; each asked for at once is known', async () => {
    const { ai, flywheel, turn, bare, sent } = aiSetup(way, stub.url)
    stub.answer = sse(words(['a']))
    const ask = () =>
      way.run(turn, flywheel, () =>
        ai.streamText({ model: way.model(bare, turn, flywheel), messages, ...way.options(turn, flywheel) }),
      )
    const first = ask()
    unregister()
    const a = flywheel.idOf(first)
    const second = ask()
    unregister()
    const b = flywheel.idOf(second)
    const third = ask()
    unregister()
    const fourth = ask()
    expect([flywheel.idOf(third), flywheel.idOf(fourth)]).toEqual([undefined, undefined])
    await Promise.all([first, second, third, fourth].map((result) => result.consumeStream()))
    stub.answer = json(completion({ content: 'Hello' }))
    const ids = (await sent()).map((event) => event.id)
    expect(ids).toHaveLength(4)
    expect(ids).toEqual(expect.arrayContaining([a, b]))
    expect(a).not.toBe(b)
  })
})

describe.each(everyWay)('$name', (way) => {
  test('idOf what generateText resolved to is its last step', async () => {
    const { ai, flywheel, model, run, more, sent } = aiSetup(way, stub.url)
    const call = { id: 'c1', type: 'function', function: { name: 'now', arguments: '{}' } }
    stub.queue.push(json(completion({ content: null, tool_calls: [call] }, { id: 'a1' })))
    stub.queue.push(json(completion({ content: 'Noon.' }, { id: 'a2' })))
    const tools = { now: ai.tool({ inputSchema: z.object({}), execute: async () => 12 }) }
    const result = await run(() => ai.generateText({ model, messages, tools, stopWhen: ai.stepCountIs(2), ...more() }))
    const last = (await sent()).find((event) => event.provider_response_id === 'a2')
    expect(said(last)).toEqual([['text', 'Noon.']])
    expect(flywheel.idOf(result)).toBe(last?.id)
    expect(flywheel.idOf({ response: { id: 'of another process' } })).toBeUndefined()
  })

  test('a reader that leaves early and a stream that nobody reads are aborted', async () => {
    const { ai, flywheel, model, run, more, transport, turn } = aiSetup(way, stub.url)
    if (!way.seesStream) return
    stub.queue.push(sse([chunk({ content: 'Hel' }), chunk({ content: 'lo' })], 'open'))
    stub.queue.push(sse([chunk({ content: 'Hel' })], 'open'))
    const left = run(() => ai.streamText({ model, messages, ...more() }))
    for await (const _ of left.textStream) break
    run(() => ai.streamText({ model, messages, ...more() }))
    while (stub.queue.length > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => setTimeout(resolve, 30))
    await flywheel.shutdown()
    const events = transport.events as unknown as { status: string; turn_id: string }[]
    expect(events.map((event) => [event.turn_id, event.status])).toEqual([
      [turn.id, 'aborted'],
      [turn.id, 'aborted'],
    ])
    expect(said(events[0] as never)[0]).toMatchObject(['text', expect.stringContaining('Hel')])
  })

  test('an attempt that is tried again is one record', async () => {
    const { ai, model, run, more, sent } = aiSetup(way, stub.url)
    const busy = json({ error: { message: 'busy' } }, 503, { 'retry-after-ms': '5' })
    stub.queue.push(busy, json(completion({ content: 'Hello' })))
    const { text } = await run(() => ai.generateText({ model, messages, ...more() }))
    expect(text).toBe('Hello')
    expect(await sent()).toMatchObject([{ status: 'ok', has_text: true }])
  })

  test('attempts that all failed are one record, of the last failure', async () => {
    const { ai, flywheel, model, run, more, sent } = aiSetup(way, stub.url)
    const busy = (message: string) => json({ error: { message } }, 503, { 'retry-after-ms': '5' })
    stub.queue.push(busy('busy'), busy('still busy'))
    await expect(run(() => ai.generateText({ model, messages, maxRetries: 1, ...more() }))).rejects.toThrow(
      'still busy',
    )
    if (!way.seesStream) await flywheel.shutdown()
    const events = await sent()
    expect(events).toMatchObject([{ status: way.seesStream ? 'error' : 'partial' }])
    if (way.seesStream) expect(events[0]?.error_message).toBe('still busy')
  })
})
