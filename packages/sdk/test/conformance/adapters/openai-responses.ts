import type OpenAI from 'openai'
import { bodyOf, framesOf } from '../../support/fixture.js'
import type { Adapter } from '../adapter.js'
import { assistant, EXACT, openaiAdapters } from '../openai-majors.js'

const NO_CHOICES = 'the Responses API gives one answer a call'

const saidAs = (id: string, content: string) => assistant({ type: 'text', content, extra: { id } })
const CALLS = assistant(
  {
    type: 'reasoning',
    content: 'Two look-ups are needed.',
    signature: 'gAAAAABpIfakeencrypted',
    extra: { id: 'rs_2e', is_summary: true },
  },
  { type: 'text', content: 'Let me see', extra: { id: 'msg_2e' } },
  { type: 'tool_call', id: 'call_a', name: 'f', arguments: EXACT, extra: { id: 'fc_2e1' } },
  { type: 'tool_call', id: 'call_b', name: 'g', arguments: '{"y":2}', extra: { id: 'fc_2e2' } },
)
const RECORDED = {
  operation: 'chat',
  provider: 'openai',
  model_requested: 'gpt-test',
  model_answered: 'gpt-5.1-2025-11-13',
  has_text: true,
  finish_reasons: ['completed'],
  usage_input_tokens: 81,
  usage_output_tokens: 35,
  usage_cached_tokens: 64,
  usage_cache_write_tokens: 8,
  usage_reasoning_tokens: 20,
} as const

const endpoint = (
  path: string,
  resource: (client: OpenAI) => OpenAI['responses'],
): Parameters<typeof openaiAdapters>[0] => ({
  endpoint: path,
  request: () => ({ model: 'gpt-test', input: [{ role: 'user', content: 'Hi' }] }),
  messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }],
  mutate(request) {
    const input = request['input'] as Record<string, unknown>[]
    input.push({ role: 'user', content: 'second' })
    ;(input[0] as Record<string, unknown>)['content'] = 'changed'
  },
  call: (client, request, signal) => resource(client).create(request as never, { signal: signal ?? null }),
  stream: (client, request, signal) =>
    resource(client).create({ ...request, stream: true } as never, { signal: signal ?? null }) as never,
  text: {
    body: bodyOf('openai', 'responses-text'),
    outputs: [saidAs('msg_0a1b', 'Hello')],
    recorded: { ...RECORDED, finish_reasons: ['completed'], provider_response_id: 'resp_0a1b' },
  },
  tools: { body: bodyOf('openai', 'responses-tools'), outputs: [CALLS] },
  streamedText: {
    frames: framesOf('openai', 'responses-text'),
    outputs: [saidAs('msg_1c2d', 'Hello')],
    recorded: { ...RECORDED, finish_reasons: ['completed'], provider_response_id: 'resp_1c2d' },
    cutAfter: 5,
    seen: [assistant({ type: 'text', content: 'Hel', extra: { id: 'msg_1c2d', status: 'in_progress' } })],
  },
  streamedTools: {
    frames: framesOf('openai', 'responses-tools'),
    outputs: [CALLS],
    recorded: { provider_response_id: 'resp_2e4f' },
  },
  absent: { 'n > 1': NO_CHOICES, 'n > 1, streamed': NO_CHOICES },
})

/** `responses.create` of each installed major, and `beta.responses.create` of those that have it. */
export const openaiResponses: Adapter<OpenAI>[] = [
  ...openaiAdapters(endpoint('responses.create', ({ responses }) => responses)),
  ...openaiAdapters(
    endpoint('beta.responses.create', ({ beta }) => beta.responses as never),
    6,
  ),
]
