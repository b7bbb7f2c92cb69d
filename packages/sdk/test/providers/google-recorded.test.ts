import { createHash } from 'node:crypto'
import { type GenerateContentParameters, GoogleGenAI } from '@google/genai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contentBody, contentFrames, responseFrames } from '../support/google-stub.js'
import { frames, type ProviderStub, providerStub, type Reply, whole } from '../support/provider-stub.js'
import { recording } from '../support/recording.js'

let stub: ProviderStub
beforeAll(async () => {
  stub = await providerStub()
})
afterAll(() => stub.close())

const bytes = Buffer.from('not really a picture, but binary enough: \u0000\u0001')
const base64 = bytes.toString('base64')
const blob = { type: 'blob', sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length }
const hi = [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }]

async function generated(
  more: Record<string, unknown>,
  reply: Reply = whole(contentBody('response.json')),
  method: 'generateContent' | 'generateContentStream' | 'embedContent' = 'generateContent',
) {
  const kit = recording()
  const client = kit.flywheel.wrap(new GoogleGenAI({ apiKey: 'secret-key', httpOptions: { baseUrl: stub.url } }))
  stub.queue.push(reply)
  const answer = await client.models[method]({
    model: 'gemini-test',
    contents: 'Hi',
    ...more,
  } as GenerateContentParameters)
  if (method === 'generateContentStream') for await (const _ of answer as unknown as AsyncIterable<unknown>);
  const event = await kit.one()
  expect(kit.diagnostics).toEqual([])
  return { event, ndjson: kit.transport.batches.map((batch) => batch.ndjson).join('\n') }
}

test.each([
  ['a text', 'Hi', hi],
  ['a part', { text: 'Hi' }, hi],
  ['a content', { role: 'user', parts: [{ text: 'Hi' }] }, hi],
  ['a content without a role', { parts: [{ text: 'Hi' }] }, hi],
  ['contents', [{ role: 'user', parts: [{ text: 'Hi' }] }], hi],
  [
    'parts and texts, which are one message',
    ['Hi', { text: 'you' }],
    [
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'Hi' },
          { type: 'text', content: 'you' },
        ],
      },
    ],
  ],
])('contents given as %s', async (_form, contents, messages) => {
  expect((await generated({ contents })).event.messages).toEqual(messages)
})

test('the system instruction in each of its forms', async () => {
  for (const systemInstruction of [
    'Be brief.',
    { text: 'Be brief.' },
    { parts: [{ text: 'Be brief.' }] },
    ['Be brief.'],
  ]) {
    const { event } = await generated({ config: { systemInstruction, temperature: 0 } })
    expect(event.system).toEqual([{ type: 'text', content: 'Be brief.' }])
    expect(event.parameters).toEqual({ temperature: 0 })
  }
})

test('a tool loop: calls and their responses keep each other’s names, by order where they have no id', async () => {
  const contents = [
    { role: 'user', parts: [{ text: 'Hi' }] },
    {
      role: 'model',
      parts: [
        { text: 'Hm', thought: true, thoughtSignature: 'c2ln' },
        { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'c2ln' },
        { functionCall: { name: 'f', args: { a: 2 } } },
        { functionCall: { id: 'own', name: 'g', args: {} } },
      ],
    },
    {
      role: 'user',
      parts: [
        { functionResponse: { name: 'f', response: { output: 1 } } },
        {
          functionResponse: {
            name: 'f',
            response: { output: 2 },
            parts: [{ inlineData: { mimeType: 'image/png', data: base64 } }],
          },
        },
        { functionResponse: { id: 'own', name: 'g', response: { error: 'no' } } },
      ],
    },
  ]
  const { event, ndjson } = await generated({ contents })
  expect(event.messages?.slice(1)).toEqual([
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', content: 'Hm', signature: 'c2ln' },
        { type: 'tool_call', id: 'f', name: 'f', arguments: { a: 1 }, extra: { thoughtSignature: 'c2ln' } },
        { type: 'tool_call', id: 'f#2', name: 'f', arguments: { a: 2 } },
        { type: 'tool_call', id: 'own', name: 'g', arguments: {} },
      ],
    },
    {
      role: 'tool',
      parts: [
        { type: 'tool_call_response', id: 'f', response: { output: 1 }, extra: { name: 'f' } },
        {
          type: 'tool_call_response',
          id: 'f#2',
          response: { output: 2 },
          extra: { name: 'f', parts: [{ inlineData: { ...blob, media_type: 'image/png' } }] },
        },
        { type: 'tool_call_response', id: 'own', response: { error: 'no' }, extra: { name: 'g' } },
      ],
    },
  ])
  expect(ndjson).not.toContain(base64)
})

test('pictures and files become hashes and links; the bytes never travel (vercel/ai#3311)', async () => {
  const contents = [
    'What is this?',
    { inlineData: { mimeType: 'image/png', data: base64, displayName: 'a.png' } },
    { fileData: { fileUri: 'gs://bucket/a.mp4', mimeType: 'video/mp4' }, videoMetadata: { fps: 1 } },
    { novelty: { inlineData: { mimeType: 'image/png', data: base64 } } },
  ]
  const { event, ndjson } = await generated({ contents })
  expect(event.messages?.[0]?.parts).toEqual([
    { type: 'text', content: 'What is this?' },
    { ...blob, media_type: 'image/png', extra: { displayName: 'a.png' } },
    { type: 'uri', uri: 'gs://bucket/a.mp4', media_type: 'video/mp4', extra: { videoMetadata: { fps: 1 } } },
    {
      type: 'other',
      provider_type: 'novelty',
      raw: { novelty: { inlineData: { ...blob, media_type: 'image/png' } } },
    },
  ])
  expect(ndjson).not.toContain(base64)
})

test('code that the server ran, its result, a picture and what stands beside the candidate', async () => {
  const { event, ndjson } = await generated({}, whole(contentBody('response-code.json')))
  expect(event.outputs?.[0]?.parts).toEqual([
    {
      type: 'server_tool_call',
      id: 'code_execution',
      name: 'code_execution',
      server_tool_call: { language: 'PYTHON', code: 'print(27 * 453)' },
      extra: {
        citationMetadata: expect.objectContaining({}),
        groundingMetadata: { webSearchQueries: ['27 * 453'] },
      },
    },
    {
      type: 'server_tool_call_response',
      id: 'code_execution',
      server_tool_call_response: { outcome: 'OUTCOME_OK', output: '12231\n' },
    },
    { type: 'text', content: '12231' },
    { type: 'blob', sha256: expect.stringMatching(/^[0-9a-f]{64}$/), bytes: 8, media_type: 'image/png' },
  ])
  expect(ndjson).not.toContain('iVBORw0KGgo')
})

test('declared functions one by one, the server’s tools by their key, and no credential of theirs', async () => {
  const schema = { type: 'object', properties: { city: { type: 'string' } } }
  const { event, ndjson } = await generated({
    config: {
      httpOptions: { headers: { 'x-canary': 'canary-header' } },
      tools: [
        {
          functionDeclarations: [
            { name: 'f', description: 'does', parametersJsonSchema: schema },
            { name: 'g', parameters: { type: 'OBJECT' } },
          ],
        },
        { googleSearch: {} },
        {
          mcpServers: [
            { name: 'jira', streamableHttpTransport: { url: 'https://mcp.example.org', headers: { a: 'canary-mcp' } } },
          ],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: 'AUTO' } },
    },
  })
  expect(event.tools).toEqual([
    { type: 'function', name: 'f', description: 'does', parameters: schema },
    { type: 'function', name: 'g', parameters: { type: 'OBJECT' } },
    { type: 'googleSearch', name: 'googleSearch', settings: {} },
    {
      type: 'mcpServers',
      name: 'mcpServers',
      settings: [{ name: 'jira', streamableHttpTransport: { url: 'https://mcp.example.org' } }],
    },
  ])
  expect(event.parameters).toEqual({ toolConfig: { functionCallingConfig: { mode: 'AUTO' } } })
  expect(ndjson).not.toContain('canary')
  expect(ndjson).not.toContain('secret-key')
})

test('thoughts count as output and tools’ results as input; the last total of a stream wins (langsmith-sdk PR#1825)', async () => {
  const { event } = await generated({}, whole(contentBody('response-tools.json')))
  expect(event).toMatchObject({ usage_input_tokens: 100, usage_output_tokens: 36, usage_reasoning_tokens: 11 })
  const streamed = await generated({}, frames(contentFrames('stream-text.sse')), 'generateContentStream')
  expect(streamed.event).toMatchObject({ usage_input_tokens: 12, usage_output_tokens: 32 })
  expect(streamed.event.provider_json).toMatchObject({ usageMetadata: { totalTokenCount: 44 } })
})

test('a streamed text ends where a signature stands, and thoughts do not flow into it', async () => {
  const part = (given: object) => ({ candidates: [{ content: { role: 'model', parts: [given] }, index: 0 }] })
  const responses = [
    part({ text: 'a', thought: true }),
    part({ text: 'b' }),
    part({ text: 'c', thoughtSignature: 'c2ln' }),
    part({ text: 'd' }),
    { candidates: [{ finishReason: 'STOP', index: 0, groundingMetadata: { webSearchQueries: ['q'] } }] },
  ]
  const { event } = await generated({}, frames(responseFrames(responses)), 'generateContentStream')
  expect(event.status).toBe('ok')
  expect(event.outputs?.[0]?.parts).toEqual([
    { type: 'reasoning', content: 'a', extra: { groundingMetadata: { webSearchQueries: ['q'] } } },
    { type: 'text', content: 'bc', extra: { thoughtSignature: 'c2ln' } },
    { type: 'text', content: 'd' },
  ])
})

test('a call whose arguments are streamed piece by piece is one call; no path leaves its arguments', async () => {
  const part = (functionCall: object) => ({
    candidates: [{ content: { role: 'model', parts: [{ functionCall }] }, index: 0 }],
  })
  const piece = (jsonPath: string, value: object, willContinue = true) =>
    part({ partialArgs: [{ jsonPath, ...value }], willContinue })
  const responses = [
    part({ name: 'f', id: 'a', willContinue: true }),
    piece('$.city', { stringValue: 'Os', willContinue: true }),
    piece('$.city', { stringValue: 'lo' }),
    piece('$.days[0].n', { numberValue: 1.5 }),
    piece('$.days[99999999]', { boolValue: true }),
    piece("$['odd name']", { nullValue: 'NULL_VALUE' }),
    piece('$.__proto__.polluted', { stringValue: 'x' }),
    // A list and what the model gave whole have prototypes of the process.
    piece('$.days.__proto__.polluted', { stringValue: 'x' }),
    part({}),
    part({ name: 'h', args: { x: {} }, partialArgs: [{ jsonPath: '$.x.__proto__.polluted', stringValue: 'x' }] }),
    part({ name: 'g', args: {} }),
    { candidates: [{ finishReason: 'STOP', index: 0 }] },
  ]
  const { event } = await generated({}, frames(responseFrames(responses)), 'generateContentStream')
  const [call, ...rest] = event.outputs?.[0]?.parts ?? []
  expect(call).toMatchObject({ type: 'tool_call', id: 'a', name: 'f' })
  expect((call as { arguments: object }).arguments).toEqual(
    JSON.parse('{"city":"Oslo","days":[{"n":1.5},true],"odd name":null,"__proto__":{"polluted":"x"}}'),
  )
  expect(rest).toMatchObject([{ name: 'h' }, { type: 'tool_call', name: 'g', arguments: {} }])
  for (const object of [{}, []]) expect(object).not.toHaveProperty('polluted')
})

test('embeddings: each content on its own, and no vector', async () => {
  const { event, ndjson } = await generated(
    { contents: ['a', 'b'] },
    whole(contentBody('embeddings.json')),
    'embedContent',
  )
  expect(event).toMatchObject({
    operation: 'embedding',
    messages: [{ parts: [{ content: 'a' }] }, { parts: [{ content: 'b' }] }],
    outputs: [],
    usage_input_tokens: 6,
  })
  expect(ndjson).not.toContain('0.013')
})

test('what a compatible server makes of the shape is read without an exception', async () => {
  const shapes = [
    { candidates: null },
    { candidates: [{}, { content: null }, { content: { parts: [null, 3, {}, { functionCall: 'x' }] } }] },
    { candidates: [{ content: { parts: 'x' } }], usageMetadata: { promptTokenCount: -1 } },
  ]
  for (const shape of shapes) {
    const { event } = await generated({ contents: [{ role: 'x', parts: [] }] }, whole(shape))
    expect(event.status).toBe('ok')
    const streamed = await generated({}, frames(responseFrames([shape])), 'generateContentStream')
    expect(streamed.event.status).toBe('partial')
  }
})
