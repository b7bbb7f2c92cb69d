import type OpenAI from 'openai'
import { chunk, completion, words } from '../../support/openai-stub.js'
import type { Adapter } from '../adapter.js'
import { assistant, EXACT, openaiAdapters, said } from '../openai-majors.js'

/** Each chunk as the frame that carries it, and OpenAI's own last one. */
const sseFrames = (chunks: unknown[]): string[] => [
  ...chunks.map((value) => `data: ${JSON.stringify(value)}\n\n`),
  'data: [DONE]\n\n',
]

const CALLS = [
  { type: 'text', content: 'Let me see' },
  { type: 'tool_call', id: 'a', name: 'f', arguments: EXACT },
  { type: 'tool_call', id: 'b', name: 'g', arguments: '{"y":2}' },
]
const choice = (index: number, content: string, finish_reason: string) => ({
  index,
  message: { role: 'assistant', content },
  finish_reason,
})
const toolChunk = (index: number, more: object) => chunk({ tool_calls: [{ index, ...more }] })

/** `chat.completions.create` of each installed major. */
export const openaiChat: Adapter<OpenAI>[] = openaiAdapters({
  endpoint: 'chat.completions.create',
  request: () => ({ model: 'gpt-test', messages: [{ role: 'user', content: 'Hi' }] }),
  messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }],
  mutate(request) {
    const messages = request['messages'] as Record<string, unknown>[]
    messages.push({ role: 'user', content: 'second' })
    ;(messages[0] as Record<string, unknown>)['content'] = 'changed'
  },
  call: (client, request, signal) => client.chat.completions.create(request as never, { signal: signal ?? null }),
  stream: (client, request, signal) =>
    client.chat.completions.create({ ...request, stream: true } as never, { signal: signal ?? null }) as never,
  text: {
    body: completion({ content: 'Hello' }),
    outputs: [said('Hello')],
    recorded: {
      operation: 'chat',
      provider: 'openai',
      model_requested: 'gpt-test',
      model_answered: 'gpt-test-2026',
      provider_response_id: 'chatcmpl-1',
      has_text: true,
      finish_reasons: ['stop'],
      usage_input_tokens: 12,
      usage_output_tokens: 7,
      usage_cached_tokens: 4,
      usage_reasoning_tokens: 3,
    },
  },
  choices: {
    request: { n: 2 },
    body: { ...completion({}), choices: [choice(1, 'second', 'length'), choice(0, 'first', 'stop')] },
    outputs: [said('first'), said('second')],
    recorded: { finish_reasons: ['stop', 'length'] },
  },
  tools: {
    body: completion({
      content: 'Let me see',
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'f', arguments: EXACT } },
        { id: 'b', type: 'function', function: { name: 'g', arguments: '{"y":2}' } },
      ],
    }),
    outputs: [assistant(...CALLS)],
  },
  streamedText: {
    frames: sseFrames(words(['Hel', 'lo'], completion({})['usage'])),
    outputs: [said('Hello')],
    recorded: {
      has_text: true,
      finish_reasons: ['stop'],
      usage_input_tokens: 12,
      usage_output_tokens: 7,
      provider_response_id: 'chatcmpl-2',
    },
    cutAfter: 2,
    seen: [said('Hel')],
  },
  streamedChoices: {
    request: { n: 2 },
    frames: sseFrames([
      chunk({ content: 'sec' }, {}, 1),
      chunk({ content: 'first' }, {}, 0),
      chunk({ content: 'ond' }, {}, 1),
      chunk({}, { finish_reason: 'stop' }, 0),
      chunk({}, { finish_reason: 'length' }, 1),
    ]),
    outputs: [said('first'), said('second')],
    recorded: { finish_reasons: ['stop', 'length'] },
  },
  streamedTools: {
    frames: sseFrames([
      chunk({ role: 'assistant', content: 'Let me see' }),
      toolChunk(0, { id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
      toolChunk(1, { id: 'b', type: 'function', function: { name: 'g', arguments: '{"y"' } }),
      toolChunk(0, { function: { arguments: EXACT.slice(0, 9) } }),
      toolChunk(1, { function: { arguments: ':2}' } }),
      toolChunk(0, { function: { arguments: EXACT.slice(9) } }),
      chunk({}, { finish_reason: 'tool_calls' }),
    ]),
    outputs: [assistant(...CALLS)],
    recorded: { finish_reasons: ['tool_calls'] },
  },
  absent: {},
})
