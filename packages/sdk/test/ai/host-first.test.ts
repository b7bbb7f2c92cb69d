import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createFlywheel } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'
import { completion, json, type OpenAIStub, openaiStub, sse, words } from '../support/openai-stub.js'
import { everyWay, unregister } from './majors.js'
import { aiSetup, messages } from './support.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterEach(unregister)
afterAll(() => stub.close())

describe.each(everyWay)('$name', (way) => {
  const { ai } = way

  test('a request that cannot be written costs the record its content, nothing else', async () => {
    const { model, run, more, sent, diagnostics } = aiSetup(way, stub.url)
    const providerOptions = { nobody: { big: 1n } } as never
    stub.queue.push(json(completion({ content: 'Hello' })))
    const { text } = await run(() => ai.generateText({ model, messages, providerOptions, ...more() }))
    expect(text).toBe('Hello')
    expect(await sent()).toMatchObject([{ status: 'ok', has_text: true, finish_reasons: ['stop'] }])
    expect(diagnostics).toEqual(['capture_failed'])
  })

  test('a client without a key changes nothing and sends nothing', async () => {
    const flywheel = createFlywheel({ apiKey: '', onDiagnostic: () => {} })
    const turn = flywheel.turn()
    const bare = way.createOpenAI({ apiKey: 'x', baseURL: stub.url }).chat('gpt-test')
    stub.queue.push(sse(words(['Hel', 'lo'])))
    const result = way.run(turn, flywheel, () =>
      ai.streamText({ model: way.model(bare, turn, flywheel), messages, ...way.options(turn, flywheel) }),
    )
    expect(await result.text).toBe('Hello')
    expect(flywheel.stats()).toMatchObject({ created: 0, pending: 0 })
  })

  test('nothing is recorded where the mode says so, and no content where it says that', async () => {
    for (const capture of ['off', 'metadata'] as const) {
      const transport = memoryTransport()
      const flywheel = createFlywheel({ transport, capture })
      const turn = flywheel.turn({ user: 'u1' })
      const bare = way.createOpenAI({ apiKey: 'x', baseURL: stub.url }).chat('gpt-test')
      stub.queue.push(json(completion({ content: 'a canary' })))
      const image = Uint8Array.from([0x89, 0x50, 0x4e, 0x47])
      const content = [
        { type: 'image' as const, image, mediaType: 'image/png' },
        { type: 'text' as const, text: 'canary' },
      ]
      await way.run(turn, flywheel, () =>
        ai.generateText({
          model: way.model(bare, turn, flywheel),
          messages: [{ role: 'user', content }],
          ...way.options(turn, flywheel),
        }),
      )
      unregister()
      await flywheel.flush()
      expect(transport.events).toHaveLength(capture === 'off' ? 0 : 1)
      expect(JSON.stringify(transport.events)).not.toContain('canary')
    }
  })
})

test('a tool that fails is recorded as such, and a call inside a tool is its child', async () => {
  for (const way of everyWay.filter(({ name }) => name.includes('turn.ai()'))) {
    const { ai, model, bare, run, more, sent, turn } = aiSetup(way, stub.url)
    const call = (id: string, name: string) => ({ id, type: 'function', function: { name, arguments: '{}' } })
    stub.queue.push(
      json(completion({ content: null, tool_calls: [call('c1', 'fails'), call('c2', 'asks')] }, { id: 'outer' })),
      json(completion({ content: 'inner answer' }, { id: 'inner' })),
    )
    const tools = {
      fails: ai.tool({
        inputSchema: z.object({}),
        execute: async (): Promise<string> => {
          throw new RangeError('out of milk')
        },
      }),
      asks: ai.tool({
        inputSchema: z.object({}),
        execute: async () => (await ai.generateText({ model: turn.model(bare), messages })).text,
      }),
    }
    await run(() => ai.generateText({ model, messages, tools, ...more() }))
    const events = await sent()
    const outer = events.find((event) => event.provider_response_id === 'outer')
    const inner = events.find((event) => event.provider_response_id === 'inner')
    const [fails, asks] = ['fails', 'asks'].map((name) =>
      events.find(
        (event) => JSON.stringify(event.messages).includes(`"${name}"`) && event.operation === 'execute_tool',
      ),
    )
    expect(fails).toMatchObject({
      parent_id: outer?.id,
      status: 'error',
      error_type: 'RangeError',
      error_message: 'out of milk',
    })
    expect(asks).toMatchObject({ parent_id: outer?.id, status: 'ok' })
    expect(inner).toMatchObject({ parent_id: asks?.id, turn_id: turn.id })
    expect(events).toHaveLength(4)
  }
})
