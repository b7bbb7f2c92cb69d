import { afterAll, beforeAll, expect, test } from 'vitest'
import { completion, json, type OpenAIStub, openaiStub, sse, words } from './support/openai-stub.js'
import { setup } from './support/setup.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const model = 'gpt-test'
const messages = [{ role: 'user' as const, content: 'Hi' }]

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
