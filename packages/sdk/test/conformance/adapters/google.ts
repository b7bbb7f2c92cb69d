import { GoogleGenAI } from '@google/genai'
import { GoogleGenAI as GoogleGenAI1 } from 'genai-1'
import { contentBody, contentFrames, googleError } from '../../support/google-stub.js'
import type { Adapter } from '../adapter.js'
import { type Case, STREAMED } from '../cases.js'
import { versionOf } from '../version-of.js'

/** The majors of the package; their types differ in what is not used here, so one of them stands for both. */
const MAJORS = [
  ['genai-1', GoogleGenAI1],
  ['@google/genai', GoogleGenAI],
] as unknown as [string, typeof GoogleGenAI][]

const assistant = (...parts: unknown[]) => ({ role: 'assistant' as const, parts }) as never
const said = (content: string, extra?: unknown) => assistant({ type: 'text', content, ...(extra ? { extra } : {}) })
const RATED = { safetyRatings: [{ category: 'HARM_CATEGORY_HARASSMENT', probability: 'NEGLIGIBLE' }] }

const shared = (name: string, Client: typeof GoogleGenAI) =>
  ({
    package: '@google/genai',
    version: versionOf(name),
    client: (url, { maxRetries }) =>
      new Client({
        apiKey: 'x',
        httpOptions: {
          baseUrl: url,
          // 1.x takes no delay; it waits one second and then two.
          ...(maxRetries > 0 && { retryOptions: { attempts: maxRetries + 1, initialDelay: 0.001 } }),
        },
      }),
    error: googleError,
  }) satisfies Partial<Adapter<GoogleGenAI>>

function generate(name: string, Client: typeof GoogleGenAI): Adapter<GoogleGenAI> {
  const signalled = (request: Record<string, unknown>, signal?: AbortSignal) =>
    (signal ? { ...request, config: { abortSignal: signal } } : request) as never
  return {
    ...shared(name, Client),
    endpoint: 'models.generateContent',
    streamEndpoint: 'models.generateContentStream',
    request: () => ({ model: 'gemini-test', contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }),
    messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }],
    mutate(request) {
      const contents = request['contents'] as { role: string; parts: { text: string }[] }[]
      contents[0]!.parts[0]!.text = 'changed'
      contents.push({ role: 'user', parts: [{ text: 'second' }] })
    },
    call: (client, request, signal) => client.models.generateContent(signalled(request, signal)),
    stream: (client, request, signal) => client.models.generateContentStream(signalled(request, signal)),
    text: {
      body: contentBody('response.json'),
      outputs: [said('Hello', RATED)],
      recorded: {
        operation: 'chat',
        provider: 'gcp.gemini',
        model_requested: 'gemini-test',
        model_answered: 'gemini-3.8-flash-001',
        provider_response_id: 'mAitaLmkHPPlqtsPpLHwmAU',
        has_text: true,
        finish_reasons: ['STOP'],
        usage_input_tokens: 1212,
        usage_output_tokens: 37,
        usage_cached_tokens: 1000,
        usage_reasoning_tokens: 30,
      },
    },
    choices: {
      request: { config: { candidateCount: 2 } },
      body: contentBody('response-candidates.json'),
      outputs: [said('first', { avgLogprobs: -0.25 }), said('second')],
      recorded: { finish_reasons: ['STOP', 'MAX_TOKENS'] },
    },
    tools: {
      body: contentBody('response-tools.json'),
      outputs: [
        assistant(
          { type: 'reasoning', content: 'I need the weather first.' },
          { type: 'text', content: 'Let me see' },
          {
            type: 'tool_call',
            id: 'get_weather',
            name: 'get_weather',
            arguments: { city: 'Oslo', days: 2 },
            extra: { thoughtSignature: 'CvwBAVSoXO4=' },
          },
          { type: 'tool_call', id: 'get_weather#2', name: 'get_weather', arguments: { city: 'Bergen' } },
          { type: 'tool_call', id: 'call-7', name: 'get_time', arguments: {} },
        ),
      ],
      recorded: { usage_input_tokens: 100, usage_output_tokens: 36, usage_reasoning_tokens: 11 },
    },
    streamedText: {
      frames: contentFrames('stream-text.sse'),
      outputs: [said('Hello')],
      recorded: {
        has_text: true,
        finish_reasons: ['STOP'],
        usage_input_tokens: 12,
        usage_output_tokens: 32,
        usage_reasoning_tokens: 30,
        provider_response_id: 'stream-1',
      },
      cutAfter: 1,
      seen: [said('Hel')],
    },
    streamedChoices: {
      request: { config: { candidateCount: 2 } },
      frames: contentFrames('stream-candidates.sse'),
      outputs: [said('first'), said('second')],
      recorded: { finish_reasons: ['STOP', 'MAX_TOKENS'] },
    },
    streamedTools: {
      frames: contentFrames('stream-tools.sse'),
      outputs: [
        assistant(
          { type: 'reasoning', content: 'I need the weather.', signature: 'CvwBAVSoXO4=' },
          { type: 'text', content: 'Let me see' },
          {
            type: 'tool_call',
            id: 'get_weather',
            name: 'get_weather',
            arguments: { city: 'Oslo' },
            extra: { thoughtSignature: 'AAAA' },
          },
          { type: 'tool_call', id: 'get_weather#2', name: 'get_weather', arguments: { city: 'Bergen' } },
        ),
      ],
      recorded: { finish_reasons: ['STOP'] },
    },
    absent: {},
  }
}

const reasons = (names: readonly Case[], reason: string) => Object.fromEntries(names.map((name) => [name, reason]))

function embed(name: string, Client: typeof GoogleGenAI): Adapter<GoogleGenAI> {
  return {
    ...shared(name, Client),
    endpoint: 'models.embedContent',
    request: () => ({
      model: 'gemini-embedding-001',
      contents: [{ parts: [{ text: 'a' }] }, { parts: [{ text: 'b' }] }],
    }),
    messages: [
      { role: 'user', parts: [{ type: 'text', content: 'a' }] },
      { role: 'user', parts: [{ type: 'text', content: 'b' }] },
    ],
    mutate(request) {
      const contents = request['contents'] as { parts: { text: string }[] }[]
      contents[0]!.parts[0]!.text = 'changed'
    },
    call: (client, request, signal) =>
      client.models.embedContent((signal ? { ...request, config: { abortSignal: signal } } : request) as never),
    text: {
      body: contentBody('embeddings.json'),
      outputs: [],
      recorded: {
        operation: 'embedding',
        provider: 'gcp.gemini',
        model_requested: 'gemini-embedding-001',
      },
    },
    absent: {
      ...reasons(STREAMED, 'embeddings are not streamed'),
      ...reasons(['n > 1', 'parallel tool calls'], 'embeddings have no choices and no tools'),
      ...(name === 'genai-1' && reasons(['retried'], '1.x waits 3 s between its tries; shown on `generateContent`')),
    },
  }
}

/** `models.generateContent`, its stream and `models.embedContent` of each installed major. */
export const google: Adapter<GoogleGenAI>[] = [generate, embed].flatMap((make) =>
  MAJORS.map(([name, Client]) => make(name, Client)),
)
