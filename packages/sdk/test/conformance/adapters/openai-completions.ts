import type OpenAI from 'openai'
import { bodyOf, framesOf } from '../../support/fixture.js'
import type { Adapter } from '../adapter.js'
import { assistant, openaiAdapters, said } from '../openai-majors.js'

const NO_TOOLS = 'this endpoint knows no tools'
const CHOICES = { outputs: [said('first'), said('second')], recorded: { finish_reasons: ['stop', 'length'] } }
const logprobs = (tokens: string[], chances: number[], offsets: number[]) => ({
  logprobs: {
    tokens,
    token_logprobs: chances,
    top_logprobs: tokens.map((token, index) => ({ [token]: chances[index] })),
    text_offset: offsets,
  },
})

/** The legacy `completions.create` of each installed major. */
export const openaiCompletions: Adapter<OpenAI>[] = openaiAdapters({
  endpoint: 'completions.create',
  request: () => ({ model: 'gpt-test', prompt: ['Hi'] }),
  messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }],
  mutate(request) {
    const prompt = request['prompt'] as string[]
    prompt[0] = 'changed'
    prompt.push('second')
  },
  call: (client, request, signal) => client.completions.create(request as never, { signal: signal ?? null }),
  stream: (client, request, signal) =>
    client.completions.create({ ...request, stream: true } as never, { signal: signal ?? null }) as never,
  text: {
    body: bodyOf('openai', 'completions-text'),
    outputs: [said(' there')],
    recorded: {
      operation: 'completion',
      provider: 'openai',
      model_requested: 'gpt-test',
      model_answered: 'gpt-3.5-turbo-instruct:20230824-v2',
      provider_response_id: 'cmpl-1',
      has_text: true,
      finish_reasons: ['stop'],
      usage_input_tokens: 4,
      usage_output_tokens: 6,
    },
  },
  choices: { request: { n: 2 }, body: bodyOf('openai', 'completions-choices'), ...CHOICES },
  streamedText: {
    frames: framesOf('openai', 'completions-text'),
    outputs: [assistant({ type: 'text', content: ' there', extra: logprobs([' the', 're'], [-0.1, -0.2], [2, 6]) })],
    recorded: { operation: 'completion', finish_reasons: ['stop'], usage_input_tokens: 4, usage_output_tokens: 6 },
    cutAfter: 1,
    seen: [assistant({ type: 'text', content: ' the', extra: logprobs([' the'], [-0.1], [2]) })],
  },
  streamedChoices: { request: { n: 2 }, frames: framesOf('openai', 'completions-choices'), ...CHOICES },
  absent: { 'parallel tool calls': NO_TOOLS, 'parallel tool calls, streamed': NO_TOOLS },
})
