import type { BlobPart } from '@flywheel/schema/wire'
import { expect, test } from 'vitest'
import { streamAccumulator } from '../../src/ai/accumulator.js'
import { generatedFields } from '../../src/ai/answer.js'
import { contentPart } from '../../src/ai/parts.js'
import { providerName, requestFields } from '../../src/ai/request.js'

const hold = (data: string | Uint8Array, mediaType: string): BlobPart => ({
  type: 'blob',
  sha256: 'hash',
  bytes: data.length,
  media_type: mediaType,
})

test('a prompt of version 2, 3 or 4: tool calls, results, reasoning, files of every shape', () => {
  const { messages } = requestFields(
    {
      provider: 'anthropic.messages',
      modelId: 'm',
      options: {
        prompt: [
          {
            role: 'system',
            content: 'Be brief.',
            providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } },
          },
          {
            role: 'assistant',
            content: [
              { type: 'reasoning', text: 'Hm.', providerOptions: { anthropic: { signature: 'sig' } } },
              { type: 'tool-call', toolCallId: 't1', toolName: 'f', input: { a: 1 } },
              {
                type: 'tool-call',
                toolCallId: 's1',
                toolName: 'web_search',
                input: { q: 'x' },
                providerExecuted: true,
              },
            ],
          },
          {
            role: 'tool',
            content: [
              { type: 'tool-result', toolCallId: 't1', toolName: 'f', output: { type: 'json', value: { b: null } } },
              { type: 'tool-result', toolCallId: 't2', toolName: 'g', output: { type: 'error-text', value: 'no' } },
              {
                type: 'tool-result',
                toolCallId: 't3',
                toolName: 'shot',
                output: { type: 'content', value: [{ type: 'media', data: 'AAAA', mediaType: 'image/png' }] },
              },
              { type: 'tool-approval-response', approvalId: 'p1', approved: true },
            ],
          },
          {
            role: 'user',
            content: [
              { type: 'file', data: { type: 'data', data: new Uint8Array(3) }, mediaType: 'audio/wav' },
              {
                type: 'file',
                data: { type: 'url', url: new URL('https://a.example/b.pdf') },
                mediaType: 'application/pdf',
              },
              { type: 'file', data: { type: 'reference', reference: { openai: 'file-1' } }, mediaType: 'text/plain' },
              { type: 'file', data: { type: 'text', text: 'notes' }, mediaType: 'text/plain' },
              { type: 'file', data: 'AAAA', mediaType: 'image/gif' },
              { type: 'hologram', depth: 3 },
            ],
          },
        ],
      },
    },
    hold,
  )
  expect(messages).toEqual([
    {
      role: 'system',
      parts: [
        {
          type: 'text',
          content: 'Be brief.',
          extra: { providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } } },
        },
      ],
    },
    {
      role: 'assistant',
      parts: [
        {
          type: 'reasoning',
          content: 'Hm.',
          signature: 'sig',
          extra: { providerOptions: { anthropic: { signature: 'sig' } } },
        },
        { type: 'tool_call', id: 't1', name: 'f', arguments: { a: 1 } },
        { type: 'server_tool_call', id: 's1', name: 'web_search', server_tool_call: { q: 'x' } },
      ],
    },
    {
      role: 'tool',
      parts: [
        { type: 'tool_call_response', id: 't1', response: { b: null }, extra: { name: 'f' } },
        { type: 'tool_call_response', id: 't2', response: 'no', extra: { name: 'g', isError: true } },
        {
          type: 'tool_call_response',
          id: 't3',
          response: {
            type: 'content',
            value: [{ type: 'blob', sha256: 'hash', bytes: 4, media_type: 'image/png' }],
          },
          extra: { name: 'shot' },
        },
        {
          type: 'other',
          provider_type: 'tool-approval-response',
          raw: { type: 'tool-approval-response', approvalId: 'p1', approved: true },
        },
      ],
    },
    {
      role: 'user',
      parts: [
        { type: 'blob', sha256: 'hash', bytes: 3, media_type: 'audio/wav' },
        { type: 'uri', uri: 'https://a.example/b.pdf', media_type: 'application/pdf' },
        { type: 'file', file_id: 'file-1', extra: { mediaType: 'text/plain' } },
        { type: 'text', content: 'notes', extra: { mediaType: 'text/plain' } },
        { type: 'blob', sha256: 'hash', bytes: 4, media_type: 'image/gif' },
        { type: 'other', provider_type: 'hologram', raw: { type: 'hologram', depth: 3 } },
      ],
    },
  ])
})

test('tools and settings; headers, which may hold a key, stay out', () => {
  const fields = requestFields(
    {
      provider: 'openai.responses',
      modelId: 'm',
      options: {
        prompt: [],
        tools: [
          { type: 'function', name: 'f', description: 'd', inputSchema: { type: 'object' }, strict: true },
          { type: 'provider-defined', id: 'openai.web_search', name: 'web_search', args: { size: 'low' } },
        ],
        toolChoice: { type: 'auto' },
        headers: { authorization: 'Bearer s3cret' },
        temperature: 0,
        providerOptions: { openai: { user: 'u' } },
      },
    },
    hold,
  )
  expect(fields.tools).toEqual([
    { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
    { type: 'provider-defined', name: 'web_search', id: 'openai.web_search', args: { size: 'low' } },
  ])
  expect(fields.parameters).toEqual({
    temperature: 0,
    toolChoice: { type: 'auto' },
    providerOptions: { openai: { user: 'u' } },
  })
})

test('providers carry OpenTelemetry’s names', () => {
  const names = ['openai.responses', 'anthropic.messages', 'google.generative-ai', 'google.vertex.chat', 'azure.chat']
  expect([...names, 'amazon-bedrock', 'mistral.chat', 'xai.chat', 'groq.chat'].map(providerName)).toEqual([
    'openai',
    'anthropic',
    'gcp.gemini',
    'gcp.vertex_ai',
    'azure.ai.openai',
    'aws.bedrock',
    'mistral_ai',
    'x_ai',
    'groq',
  ])
})

test('tokens of every shape: cached and written ones are input, once', () => {
  const counts = (usage: unknown, providerMetadata?: unknown) => {
    const fields = generatedFields({ content: [], finishReason: 'stop', usage, providerMetadata }, hold)
    return [
      fields.usage_input_tokens,
      fields.usage_output_tokens,
      fields.usage_cached_tokens,
      fields.usage_cache_write_tokens,
      fields.usage_reasoning_tokens,
    ]
  }
  expect(counts({ inputTokens: 12, outputTokens: 7, cachedInputTokens: 4, reasoningTokens: 3 })).toEqual([
    12,
    7,
    4,
    undefined,
    3,
  ])
  const v3 = {
    inputTokens: { total: 12, noCache: 6, cacheRead: 4, cacheWrite: 2 },
    outputTokens: { total: 7, text: 4, reasoning: 3 },
  }
  expect(counts(v3)).toEqual([12, 7, 4, 2, 3])
  expect(counts(v3, { anthropic: { cacheCreationInputTokens: 2 } })).toEqual([12, 7, 4, 2, 3])
  const result = {
    inputTokens: 12,
    inputTokenDetails: { noCacheTokens: 6, cacheReadTokens: 4, cacheWriteTokens: 2 },
    outputTokens: 7,
    outputTokenDetails: { textTokens: 4, reasoningTokens: 3 },
  }
  expect(counts(result, { anthropic: {} })).toEqual([12, 7, 4, 2, 3])
  // Version 2 of the specification handed Anthropic's count through, which leaves both out.
  const apart = { inputTokens: 6, outputTokens: 7, cachedInputTokens: 4 }
  expect(counts(apart, { anthropic: { cacheCreationInputTokens: 2 } })).toEqual([12, 7, 4, 2, undefined])
  expect(counts(undefined)).toEqual([undefined, undefined, undefined, undefined, undefined])
})

test('a stream keeps the order in which its blocks began, text before a tool call too (langfuse#12490)', () => {
  const accumulator = streamAccumulator()
  const parts = [
    { type: 'stream-start', warnings: [{ type: 'unsupported-setting', setting: 'seed' }] },
    { type: 'response-metadata', id: 'r1', modelId: 'm-1', timestamp: new Date(0) },
    { type: 'reasoning-start', id: '1' },
    { type: 'reasoning-delta', id: '1', delta: 'Hm.' },
    { type: 'reasoning-end', id: '1', providerMetadata: { anthropic: { signature: 'sig' } } },
    { type: 'text-start', id: '2' },
    { type: 'text-delta', id: '2', delta: 'Let me ' },
    { type: 'tool-input-start', id: 'c1', toolName: 'f' },
    { type: 'text-delta', id: '2', delta: 'look.' },
    { type: 'tool-input-delta', id: 'c1', delta: '{"a":' },
    { type: 'tool-input-delta', id: 'c1', delta: '1}' },
    { type: 'tool-input-end', id: 'c1' },
    { type: 'tool-call', toolCallId: 'c1', toolName: 'f', input: '{"a":1}' },
    { type: 'tool-input-start', id: 'c2', toolName: 'g' },
    { type: 'tool-input-delta', id: 'c2', delta: '{"b":' },
    { type: 'source', sourceType: 'url', id: 's', url: 'https://a.example' },
    { type: 'file', mediaType: 'image/png', data: new Uint8Array(2) },
    { type: 'raw', rawValue: { secret: 1 } },
  ]
  expect(parts.map((part) => accumulator.add(part)).indexOf(true)).toBe(3)
  expect(accumulator.isComplete()).toBe(false)
  accumulator.add({ type: 'finish', finishReason: { unified: 'tool-calls', raw: 'tool_use' }, usage: undefined })
  expect(accumulator.isComplete()).toBe(true)
  const fields = accumulator.fields(hold)
  expect(fields.outputs).toMatchObject([
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', content: 'Hm.', signature: 'sig' },
        { type: 'text', content: 'Let me look.' },
        { type: 'tool_call', id: 'c1', name: 'f', arguments: '{"a":1}' },
        { type: 'tool_call', id: 'c2', name: 'g', arguments: '{"b":' },
        { type: 'other', provider_type: 'source' },
        { type: 'blob', bytes: 2, media_type: 'image/png' },
      ],
    },
  ])
  expect(fields).toMatchObject({
    provider_response_id: 'r1',
    model_answered: 'm-1',
    finish_reasons: ['tool-calls'],
    provider_json: { warnings: [{ setting: 'seed' }], finishReason: { raw: 'tool_use' } },
  })
  expect(JSON.stringify(fields)).not.toContain('secret')
})

test('an error that a stream tells as a part is no complete answer', () => {
  const accumulator = streamAccumulator()
  accumulator.add({ type: 'error', error: new Error('overloaded') })
  accumulator.add({ type: 'finish', finishReason: 'error', usage: {} })
  expect(accumulator.isComplete()).toBe(false)
  expect(accumulator.failure).toEqual({ error: new Error('overloaded') })
})

test('shapes that nobody promised do not throw', () => {
  for (const value of [undefined, null, 3, 'text', [], {}, { type: 'file' }, { type: 'tool-call' }, { type: 'image' }])
    expect(contentPart(value, hold)).toHaveProperty('type')
  expect(generatedFields(undefined, hold)).toMatchObject({ outputs: [], has_text: false, finish_reasons: [] })
  expect(requestFields({ provider: 1, modelId: 2, options: { prompt: 'x', tools: 'y' } }, hold)).toMatchObject({
    operation: 'chat',
    messages: [],
  })
})
