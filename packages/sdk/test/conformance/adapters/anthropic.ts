import Anthropic from '@anthropic-ai/sdk'
import Anthropic0 from 'anthropic-0'
import { anthropicError, messageBody, messageFrames } from '../../support/anthropic-stub.js'
import type { Adapter } from '../adapter.js'
import { versionOf } from '../version-of.js'

/** The majors of the package; their types differ in what is not used here, so one of them stands for both. */
const MAJORS = [
  ['anthropic-0', Anthropic0],
  ['@anthropic-ai/sdk', Anthropic],
] as unknown as [string, typeof Anthropic][]

const assistant = (...parts: unknown[]) => ({ role: 'assistant' as const, parts }) as never
const said = (content: string) => assistant({ type: 'text', content })
const extra = { caller: { type: 'direct' } }
const ONE_ANSWER = 'the Messages API gives one answer a request'

function adapter(name: string, Client: typeof Anthropic, isBeta: boolean): Adapter<Anthropic> {
  const messages = (client: Anthropic) => (isBeta ? client.beta.messages : client.messages) as Anthropic.Messages
  return {
    package: '@anthropic-ai/sdk',
    version: versionOf(name),
    endpoint: isBeta ? 'beta.messages.create' : 'messages.create',
    client: (url, options) => new Client({ apiKey: 'x', baseURL: url, ...options }),
    request: () => ({
      model: 'claude-test',
      max_tokens: 64,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    }),
    messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }],
    mutate(request) {
      const given = request['messages'] as { content: { type: string; text: string }[]; role: string }[]
      given[0]!.content[0]!.text = 'changed'
      given.push({ role: 'user', content: [{ type: 'text', text: 'second' }] })
    },
    call: (client, request, signal) => messages(client).create(request as never, signal ? { signal } : {}),
    stream: (client, request, signal) =>
      messages(client).create({ ...request, stream: true } as never, signal ? { signal } : {}) as never,
    text: {
      body: messageBody('message.json'),
      outputs: [said('Hello')],
      recorded: {
        operation: 'chat',
        provider: 'anthropic',
        model_requested: 'claude-test',
        model_answered: 'claude-sonnet-5-20260610',
        provider_response_id: 'msg_013Zva2CMHLNnXjNJJKqJ2EF',
        has_text: true,
        finish_reasons: ['end_turn'],
        usage_input_tokens: 2060,
        usage_output_tokens: 7,
        usage_cached_tokens: 1800,
        usage_cache_write_tokens: 248,
        usage_reasoning_tokens: 3,
      },
    },
    tools: {
      body: messageBody('message-tools.json'),
      outputs: [
        assistant(
          { type: 'text', content: 'Let me see' },
          {
            type: 'tool_call',
            id: 'toolu_01D7FLrfh4GYq7yT1ULFeyMV',
            name: 'get_weather',
            arguments: { city: 'Oslo', days: 2 },
            extra,
          },
          { type: 'tool_call', id: 'toolu_01B4rYPWDbwvtqZ8HwsgiF4v', name: 'get_time', arguments: {}, extra },
        ),
      ],
      recorded: { finish_reasons: ['tool_use'] },
    },
    streamedText: {
      frames: messageFrames('stream-text.sse'),
      outputs: [said('Hello')],
      recorded: {
        has_text: true,
        finish_reasons: ['end_turn'],
        usage_input_tokens: 125,
        usage_cached_tokens: 100,
        usage_output_tokens: 15,
        provider_response_id: 'msg_1nZdL29xx5MUA1yADyHTEsnR8uuvGzszyY',
      },
      cutAfter: 3,
      seen: [said('Hel')],
    },
    streamedTools: {
      frames: messageFrames('stream-tools.sse'),
      outputs: [
        assistant(
          { type: 'text', content: 'Let me see' },
          {
            type: 'tool_call',
            id: 'toolu_01T1x1fJ34qAmk2tNTrN7Up6',
            name: 'f',
            arguments: '{ "id": 12345678901234567890, "x": 1.0 }',
            extra,
          },
          { type: 'tool_call', id: 'toolu_01NoArguments', name: 'g', arguments: {}, extra },
        ),
      ],
      recorded: { finish_reasons: ['tool_use'] },
    },
    error: anthropicError,
    absent: { 'n > 1': ONE_ANSWER, 'n > 1, streamed': ONE_ANSWER },
  }
}

/** `messages.create` and `beta.messages.create` of each installed major. */
export const anthropic: Adapter<Anthropic>[] = [false, true].flatMap((isBeta) =>
  MAJORS.map(([name, Client]) => adapter(name, Client, isBeta)),
)
