import { createHash } from 'node:crypto'
import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventFrames, messageBody, messageFrames } from '../support/anthropic-stub.js'
import { frames, type ProviderStub, providerStub, type Reply, whole } from '../support/provider-stub.js'
import { type Recording, recording } from '../support/recording.js'

let stub: ProviderStub
beforeAll(async () => {
  stub = await providerStub()
})
afterAll(() => stub.close())

const bytes = Buffer.from('not really a picture, but binary enough: \u0000\u0001')
const base64 = bytes.toString('base64')
const blob = { type: 'blob', sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length }
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64 } }

async function created(more: Record<string, unknown>, reply: Reply = whole(messageBody('message.json'))) {
  const kit: Recording = recording()
  const client = kit.flywheel.wrap(new Anthropic({ apiKey: 'secret-key', baseURL: stub.url, maxRetries: 0 }))
  stub.queue.push(reply)
  const answer = await client.beta.messages.create({
    model: 'claude-test',
    max_tokens: 64,
    messages: [{ role: 'user', content: 'Hi' }],
    ...more,
  } as never)
  if (more['stream']) for await (const _ of answer as unknown as AsyncIterable<unknown>);
  const event = await kit.one()
  expect(kit.diagnostics).toEqual([])
  return { event, ndjson: kit.transport.batches.map((batch) => batch.ndjson).join('\n') }
}

test('input tokens count the cached and the written ones in, once (langsmith-sdk PR#1825)', async () => {
  const { event } = await created({})
  expect(event).toMatchObject({
    usage_input_tokens: 12 + 1800 + 248,
    usage_cached_tokens: 1800,
    usage_cache_write_tokens: 248,
    usage_output_tokens: 7,
    usage_reasoning_tokens: 3,
  })
  const usage = { output_tokens: 15, input_tokens: 25, cache_read_input_tokens: 100 }
  const events = [
    {
      type: 'message_start',
      message: messageBody('message.json', { content: [], usage: { ...usage, output_tokens: 1 } }),
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'message_delta', delta: { stop_reason: null }, usage: { ...usage, output_tokens: 7 } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage },
  ]
  const streamed = await created({ stream: true }, frames(eventFrames(events)))
  expect(streamed.event).toMatchObject({ usage_input_tokens: 125, usage_output_tokens: 15, usage_cached_tokens: 100 })
})

test('thinking keeps its signature, redacted or not; a server’s tools and citations keep their place', async () => {
  const { event } = await created({}, whole(messageBody('message-server-tools.json')))
  expect(event.outputs?.[0]?.parts).toEqual([
    {
      type: 'reasoning',
      content: 'I should search for this.',
      signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk=',
    },
    {
      type: 'reasoning',
      content: '',
      signature: 'EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpP',
      extra: { type: 'redacted_thinking' },
    },
    {
      type: 'server_tool_call',
      id: 'srvtoolu_01WYG3ziw53XMcoyKL4XcZmE',
      name: 'web_search',
      server_tool_call: {
        type: 'server_tool_use',
        input: { query: 'claude shannon birth date' },
        caller: { type: 'direct' },
      },
    },
    {
      type: 'server_tool_call_response',
      id: 'srvtoolu_01WYG3ziw53XMcoyKL4XcZmE',
      server_tool_call_response: {
        type: 'web_search_tool_result',
        caller: { type: 'direct' },
        content: [expect.objectContaining({ url: 'https://en.wikipedia.org/wiki/Claude_Shannon' })],
      },
    },
    {
      type: 'text',
      content: 'Claude Shannon was born on April 30, 1916',
      extra: { citations: [expect.objectContaining({ cited_text: 'Claude Elwood Shannon (April 30, 1916' })] },
    },
  ])
  expect(event.provider_json).toMatchObject({ usage: { server_tool_use: { web_search_requests: 1 } } })
  expect(event.provider_json).not.toHaveProperty('content')
})

test('the same, streamed: thinking, its signature, a redacted block, a server’s tool with its exact text, citations', async () => {
  const { event } = await created({ stream: true }, frames(messageFrames('stream-thinking.sse')))
  expect(event.outputs?.[0]?.parts).toEqual([
    {
      type: 'reasoning',
      content: 'First, 27 * 453 = 12,231.',
      signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk=',
    },
    { type: 'reasoning', content: '', signature: 'EmwKAhgBEgy3va3pzix', extra: { type: 'redacted_thinking' } },
    {
      type: 'server_tool_call',
      id: 'srvtoolu_1',
      name: 'web_search',
      server_tool_call: { type: 'server_tool_use', input: '{"query": "27 times 453"}', caller: { type: 'direct' } },
    },
    {
      type: 'server_tool_call_response',
      id: 'srvtoolu_1',
      server_tool_call_response: {
        type: 'web_search_tool_result',
        caller: { type: 'direct' },
        content: [expect.objectContaining({ title: 'Sums' })],
      },
    },
    { type: 'text', content: '12,231', extra: { citations: [expect.objectContaining({ cited_text: '12231' })] } },
  ])
  expect(event).toMatchObject({
    has_text: true,
    finish_reasons: ['end_turn'],
    usage_reasoning_tokens: 33,
    provider_json: { id: 'msg_01Thinking', usage: { server_tool_use: { web_search_requests: 1 } } },
  })
})

test('pieces of two blocks that interleave are kept apart, and an index out of order comes in its order', async () => {
  const delta = (index: number, partial_json: string) => ({
    type: 'content_block_delta',
    index,
    delta: { type: 'input_json_delta', partial_json },
  })
  const start = (index: number, id: string) => ({
    type: 'content_block_start',
    index,
    content_block: { type: 'tool_use', id, name: id, input: {} },
  })
  const events = [
    { type: 'message_start', message: messageBody('message.json', { content: [], stop_reason: null }) },
    start(1, 'b'),
    start(0, 'a'),
    delta(1, '{"y"'),
    delta(0, '{ "x": 12345678901234567890'),
    delta(1, ':2}'),
    delta(0, ' }'),
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
  ]
  const { event } = await created({ stream: true }, frames(eventFrames(events)))
  expect(event.outputs?.[0]?.parts).toEqual([
    { type: 'tool_call', id: 'a', name: 'a', arguments: '{ "x": 12345678901234567890 }' },
    { type: 'tool_call', id: 'b', name: 'b', arguments: '{"y":2}' },
  ])
})

test('images and documents become hashes, links and ids; the bytes never travel (vercel/ai#6210)', async () => {
  const content = [
    { type: 'text', text: 'What is this?', cache_control: { type: 'ephemeral' } },
    image,
    { type: 'image', source: { type: 'url', url: 'https://example.org/a.png' } },
    { type: 'image', source: { type: 'file', file_id: 'file_1' } },
    {
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: base64 },
      title: 'Report',
      citations: { enabled: true },
    },
    { type: 'document', source: { type: 'url', url: 'https://example.org/a.pdf' } },
    { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'plain' }, title: 'Note' },
    { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'a' }, image] } },
    { type: 'container_upload', file_id: 'file_2' },
    { type: 'search_result', source: 'https://example.org/', title: 'T', content: [{ type: 'text', text: 'found' }] },
  ]
  const { event, ndjson } = await created({ messages: [{ role: 'user', content }] })
  expect(event.messages?.[0]?.parts).toEqual([
    { type: 'text', content: 'What is this?', extra: { cache_control: { type: 'ephemeral' } } },
    { ...blob, media_type: 'image/png' },
    { type: 'uri', uri: 'https://example.org/a.png' },
    { type: 'file', file_id: 'file_1' },
    { ...blob, media_type: 'application/pdf', extra: { title: 'Report', citations: { enabled: true } } },
    { type: 'uri', uri: 'https://example.org/a.pdf', extra: { type: 'document' } },
    { type: 'text', content: 'plain', extra: { type: 'document', media_type: 'text/plain', title: 'Note' } },
    {
      type: 'other',
      provider_type: 'document',
      raw: {
        type: 'document',
        source: {
          type: 'content',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image', source: { ...blob, media_type: 'image/png' } },
          ],
        },
      },
    },
    { type: 'file', file_id: 'file_2', extra: { type: 'container_upload' } },
    { type: 'other', provider_type: 'search_result', raw: content.at(-1) },
  ])
  expect(ndjson).not.toContain(base64)
})

test('a tool’s result keeps its shape, a picture in it its hash; a message of results alone is the tools’', async () => {
  const { event, ndjson } = await created({
    messages: [
      { role: 'user', content: 'Look' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'look', input: { at: 1 } }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'seen' }, image], is_error: false },
          { type: 'tool_result', tool_use_id: 't2', content: 'no such tool', is_error: true },
          { type: 'tool_result', tool_use_id: 't3' },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't4', content: 'x' },
          { type: 'text', text: 'And?' },
        ],
      },
      { role: 'system', content: 'Be brief.', clear_at: 'never' },
    ],
  })
  expect(event.messages).toEqual([
    { role: 'user', parts: [{ type: 'text', content: 'Look' }] },
    { role: 'assistant', parts: [{ type: 'tool_call', id: 't1', name: 'look', arguments: { at: 1 } }] },
    {
      role: 'tool',
      parts: [
        {
          type: 'tool_call_response',
          id: 't1',
          response: [
            { type: 'text', text: 'seen' },
            { type: 'image', source: { ...blob, media_type: 'image/png' } },
          ],
          extra: { is_error: false },
        },
        { type: 'tool_call_response', id: 't2', response: 'no such tool', extra: { is_error: true } },
        { type: 'tool_call_response', id: 't3', response: null },
      ],
    },
    {
      role: 'user',
      parts: [
        { type: 'tool_call_response', id: 't4', response: 'x' },
        { type: 'text', content: 'And?' },
      ],
    },
    {
      role: 'system',
      parts: [
        { type: 'text', content: 'Be brief.' },
        { type: 'other', provider_type: 'clear_at', raw: 'never' },
      ],
    },
  ])
  expect(ndjson).not.toContain(base64)
})

test('the system prompt, its cache marks, the tools and the parameters', async () => {
  const { event } = await created({
    system: [{ type: 'text', text: 'You help.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    tools: [
      { name: 'f', description: 'does', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } },
      { type: 'web_search_20260318', name: 'web_search', max_uses: 5 },
      { type: 'mcp_toolset', mcp_server_name: 'jira' },
    ],
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    thinking: { type: 'enabled', budget_tokens: 1024 },
    temperature: 1,
  })
  expect(event).toMatchObject({
    system: [{ type: 'text', content: 'You help.', extra: { cache_control: { type: 'ephemeral', ttl: '1h' } } }],
    parameters: {
      max_tokens: 64,
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 1024 },
      temperature: 1,
    },
  })
  expect(event.tools).toEqual([
    {
      type: 'function',
      name: 'f',
      description: 'does',
      parameters: { type: 'object' },
      cache_control: { type: 'ephemeral' },
    },
    { type: 'web_search_20260318', name: 'web_search', max_uses: 5 },
    { type: 'mcp_toolset', name: 'jira', mcp_server_name: 'jira' },
  ])
  expect(event.parameters).not.toHaveProperty('messages')
  const short = await created({ system: 'You help.' })
  expect(short.event.system).toEqual([{ type: 'text', content: 'You help.' }])
})

test('no credential of the request is recorded', async () => {
  const { event, ndjson } = await created({
    mcp_servers: [{ type: 'url', name: 'jira', url: 'https://mcp.example.org', authorization_token: 'canary-token' }],
    fallback_credit_token: 'canary-credit',
  })
  expect(event.parameters).toMatchObject({
    mcp_servers: [{ type: 'url', name: 'jira', url: 'https://mcp.example.org' }],
  })
  expect(ndjson).not.toContain('canary')
  expect(ndjson).not.toContain('secret-key')
})

test('a message that continues another names it', async () => {
  const { event } = await created({ thread: { type: 'continue', previous_message_id: 'msg_0' } })
  expect(event).toMatchObject({ continues: 'msg_0', parameters: { thread: { previous_message_id: 'msg_0' } } })
  expect((await created({ thread: { type: 'create' } })).event).not.toHaveProperty('continues')
})

test('a refusal and an empty answer', async () => {
  const stop_details = { type: 'refusal', category: 'cyber', explanation: 'no' }
  const refused = messageBody('message.json', { content: [], stop_reason: 'refusal', stop_details })
  const { event } = await created({}, whole(refused))
  expect(event).toMatchObject({
    has_text: false,
    outputs: [{ role: 'assistant', parts: [] }],
    finish_reasons: ['refusal'],
    provider_json: { stop_details },
  })
})

test('what a compatible server makes of the shape is read without an exception', async () => {
  const shapes = [
    { content: null },
    { content: [null, 3, 'text', { type: 'text' }, { type: 'tool_use', name: 7 }, { type: 'image', source: 'x' }] },
    { content: 'text', usage: { input_tokens: -1, output_tokens: 1.5 } },
  ]
  for (const body of shapes) {
    const { event } = await created({ messages: 'none', system: 7, tools: [null, 3] }, whole(body))
    expect(event.status).toBe('ok')
  }
  const events = [
    { type: 'content_block_delta', index: 1e9, delta: { type: 'text_delta', text: 4 } },
    { type: 'content_block_delta', delta: null },
    { type: 'content_block_start', index: 'x' },
    { type: 'message_start', message: 3 },
    { type: 'message_delta', delta: 'x', usage: [] },
  ]
  const { event } = await created({ stream: true }, frames(eventFrames(events)))
  expect(event.status).toBe('partial')
})

test.each([
  ['aws.bedrock', '', 'aws.bedrock'],
  ['gcp.vertex_ai', '', 'gcp.vertex_ai'],
  [undefined, '/bedrock-runtime.us-east-1.amazonaws.com', 'aws.bedrock'],
  [undefined, '/us-east5-aiplatform.googleapis.com/v1', 'gcp.vertex_ai'],
  [undefined, '', 'anthropic'],
])('a subclass that calls itself %s at %s is recorded as %s', async (given, path, provider) => {
  class Subclass extends Anthropic {}
  const kit = recording()
  const client = new Subclass({ apiKey: 'x', baseURL: stub.url + path, maxRetries: 0 })
  Object.assign(client, { _genAIProviderName: given })
  stub.queue.push(whole(messageBody('message.json')))
  await kit.flywheel.wrap(client).messages.create({ model: 'm', max_tokens: 1, messages: [] })
  expect((await kit.one()).provider).toBe(provider)
})
