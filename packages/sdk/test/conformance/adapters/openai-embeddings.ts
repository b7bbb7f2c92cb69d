import type OpenAI from 'openai'
import { bodyOf } from '../../support/fixture.js'
import type { Adapter } from '../adapter.js'
import { STREAMED } from '../cases.js'
import { openaiAdapters } from '../openai-majors.js'

const NO_GENERATION = 'an embedding is no generated answer'

/** `embeddings.create` of each installed major. Its vectors are never recorded. */
export const openaiEmbeddings: Adapter<OpenAI>[] = openaiAdapters({
  endpoint: 'embeddings.create',
  request: () => ({ model: 'gpt-test', input: ['Hi', 'there'] }),
  messages: [
    {
      role: 'user',
      parts: [
        { type: 'text', content: 'Hi' },
        { type: 'text', content: 'there' },
      ],
    },
  ],
  mutate(request) {
    const input = request['input'] as string[]
    input[0] = 'changed'
    input.push('second')
  },
  call: (client, request, signal) => client.embeddings.create(request as never, { signal: signal ?? null }),
  text: {
    body: bodyOf('openai', 'embeddings-base64'),
    recorded: {
      operation: 'embedding',
      provider: 'openai',
      model_requested: 'gpt-test',
      model_answered: 'text-embedding-3-small',
      usage_input_tokens: 5,
    },
  },
  absent: {
    ...Object.fromEntries(STREAMED.map((name) => [name, 'this endpoint does not stream'])),
    'n > 1': NO_GENERATION,
    'parallel tool calls': NO_GENERATION,
  },
})
