import { createHash } from 'node:crypto'
import type OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFlywheel } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'
import { bodyOf, framesOf } from '../support/fixture.js'
import { MAJORS } from '../support/openai-majors.js'
import { frames, type ProviderStub, providerStub, whole } from '../support/provider-stub.js'
import { readSent } from '../support/setup.js'

let stub: ProviderStub
beforeAll(async () => {
  stub = await providerStub()
})
afterAll(() => stub.close())

const request = { model: 'gpt-test', input: 'Hi' }
const PNG = Buffer.from('not really a picture').toString('base64')
const blob = (media_type: string) => ({
  type: 'blob',
  sha256: createHash('sha256').update(Buffer.from(PNG, 'base64')).digest('hex'),
  bytes: Buffer.from(PNG, 'base64').length,
  media_type,
})

describe.each(MAJORS)('responses of openai %s', (_major, _name, Client) => {
  function setup() {
    const transport = memoryTransport()
    const flywheel = createFlywheel({ transport })
    const make = () => new Client({ apiKey: 'x', baseURL: `${stub.url}/v1`, maxRetries: 0 })
    const sent = () => readSent(flywheel, transport) as Promise<unknown[]> as Promise<Record<string, unknown>[]>
    const one = async () => {
      const events = await sent()
      expect(events).toHaveLength(1)
      return events[0] as Record<string, unknown>
    }
    return { flywheel, transport, bare: make(), openai: flywheel.wrap(make()), sent, one }
  }
  const ask = async (input: unknown, more: object = {}) => {
    const { openai, one, transport } = setup()
    stub.queue.push(whole(bodyOf('openai', 'responses-text')))
    await openai.responses.create({ model: 'gpt-test', input, ...more } as never)
    return { ...(await one()), ndjson: transport.batches.map(({ ndjson }) => ndjson).join('\n') } as Record<
      string,
      unknown
    > & { ndjson: string }
  }

  test('instructions are the system, a text is the user’s message, an earlier response is what it continues', async () => {
    expect(
      await ask('Hi', { instructions: 'Be kind', previous_response_id: 'resp_before', temperature: 0.5, store: false }),
    ).toMatchObject({
      system: [{ type: 'text', content: 'Be kind' }],
      messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }],
      continues: 'resp_before',
      parameters: { temperature: 0.5, store: false },
    })
  })

  test('a conversation is continued too: its messages are only what is new', async () => {
    expect((await ask('Hi', { conversation: 'conv_1' }))['continues']).toBe('conv_1')
    expect((await ask('Hi', { conversation: { id: 'conv_2' } }))['continues']).toBe('conv_2')
    expect(await ask('Hi')).not.toHaveProperty('continues')
  })

  test('items of every kind; what the model made in one go is one message', async () => {
    const { messages } = await ask([
      { role: 'developer', content: 'Be brief' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Weather?' }] },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
      {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Let me see', annotations: [], parsed: null }],
      },
      {
        type: 'function_call',
        id: 'fc_1',
        call_id: 'call_1',
        name: 'weather',
        arguments: '{ "n": 12345678901234567890 }',
        status: 'completed',
        parsed_arguments: { n: 1 },
      },
      { type: 'function_call_output', call_id: 'call_1', output: '{"t":7}' },
      { type: 'item_reference', id: 'msg_9' },
      { type: 'novelty', value: 7 },
    ])
    expect(messages).toEqual([
      { role: 'developer', parts: [{ type: 'text', content: 'Be brief' }] },
      { role: 'user', parts: [{ type: 'text', content: 'Weather?' }] },
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: '', signature: 'gAAA', extra: { id: 'rs_1' } },
          { type: 'text', content: 'Let me see', extra: { id: 'msg_1' } },
          {
            type: 'tool_call',
            id: 'call_1',
            name: 'weather',
            arguments: '{ "n": 12345678901234567890 }',
            extra: { id: 'fc_1' },
          },
        ],
      },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: '{"t":7}' }] },
      {
        role: 'assistant',
        parts: [
          { type: 'other', provider_type: 'item_reference', raw: { type: 'item_reference', id: 'msg_9' } },
          { type: 'other', provider_type: 'novelty', raw: { type: 'novelty', value: 7 } },
        ],
      },
    ])
  })

  test('an answer that is sent again is the message that it was', async () => {
    const { openai, sent } = setup()
    stub.queue.push(whole(bodyOf('openai', 'responses-tools')), whole(bodyOf('openai', 'responses-text')))
    const first = await openai.responses.create(request)
    await openai.responses.create({ ...request, input: [{ role: 'user', content: 'Hi' }, ...first.output] as never })
    const [before, after] = (await sent()) as { outputs: unknown[]; messages: unknown[] }[]
    expect(before?.outputs[0]).toEqual(after?.messages[1])
    expect(before?.outputs[0]).toHaveProperty('parts')
  })

  test('images, files and audio become hashes, links and ids; screenshots of a tool too', async () => {
    const { messages, ndjson } = await ask([
      {
        role: 'user',
        content: [
          { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'low' },
          { type: 'input_image', image_url: 'https://example.org/a.png' },
          { type: 'input_image', file_id: 'file-1' },
          { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${PNG}` },
          { type: 'input_file', file_url: 'https://example.org/a.pdf' },
          { type: 'input_audio', input_audio: { data: PNG, format: 'wav' } },
        ],
      },
      {
        type: 'computer_call_output',
        call_id: 'call_2',
        output: { type: 'computer_screenshot', image_url: `data:image/png;base64,${PNG}` },
      },
      {
        type: 'function_call_output',
        call_id: 'call_3',
        output: [{ type: 'input_image', image_url: `data:image/png;base64,${PNG}` }],
      },
    ])
    expect(messages).toEqual([
      {
        role: 'user',
        parts: [
          { ...blob('image/png'), extra: { detail: 'low' } },
          { type: 'uri', uri: 'https://example.org/a.png' },
          { type: 'file', file_id: 'file-1' },
          { ...blob('application/pdf'), extra: { filename: 'a.pdf' } },
          { type: 'uri', uri: 'https://example.org/a.pdf' },
          blob('audio/wav'),
        ],
      },
      {
        role: 'tool',
        parts: [
          {
            type: 'tool_call_response',
            id: 'call_2',
            response: { type: 'computer_screenshot', image_url: blob('image/png') },
          },
        ],
      },
      {
        role: 'tool',
        parts: [
          {
            type: 'tool_call_response',
            id: 'call_3',
            response: [{ type: 'input_image', image_url: blob('image/png') }],
          },
        ],
      },
    ])
    expect(ndjson).not.toContain(PNG)
  })

  test('tools by name; the credentials of an MCP server are in no record', async () => {
    const parameters = { type: 'object', properties: { headers: { type: 'string' }, author: { type: 'string' } } }
    const { tools, ndjson } = await ask('Hi', {
      tools: [
        { type: 'function', name: 'f', description: 'd', parameters, strict: true },
        {
          type: 'code_interpreter',
          container: {
            type: 'auto',
            network_policy: {
              type: 'allowlist',
              allowed_domains: ['example.org'],
              domain_secrets: [{ domain: 'example.org', name: 'K', value: 'sk-very-secret' }],
            },
          },
        },
        { type: 'web_search', search_context_size: 'low' },
        {
          type: 'mcp',
          server_label: 'crm',
          server_url: 'https://example.org',
          authorization: 'sk-very-secret',
          headers: { 'x-key': 'sk-very-secret' },
        },
      ],
    })
    expect(tools).toEqual([
      { type: 'function', name: 'f', description: 'd', parameters, strict: true },
      {
        type: 'code_interpreter',
        name: 'code_interpreter',
        container: { type: 'auto', network_policy: { type: 'allowlist', allowed_domains: ['example.org'] } },
      },
      { type: 'web_search', name: 'web_search', search_context_size: 'low' },
      { type: 'mcp', name: 'crm', server_label: 'crm', server_url: 'https://example.org' },
    ])
    expect(ndjson).not.toContain('very-secret')
  })

  test('parse() hands over what is parsed, and idOf knows promise and answer', async () => {
    const { openai, flywheel, one } = setup()
    const body = bodyOf('openai', 'responses-text') as { output: { content: { text: string }[] }[] }
    const content = body.output[0]?.content[0] as { text: string }
    content.text = '{"a":1}'
    stub.queue.push(whole(body))
    const promise = openai.responses.parse({
      ...request,
      text: { format: { type: 'json_schema', name: 'a', schema: { type: 'object' }, strict: true } },
    })
    const id = flywheel.idOf(promise)
    const parsed = await promise
    expect(parsed.output_text).toBe('{"a":1}')
    expect(flywheel.idOf(parsed)).toBe(id)
    expect(await one()).toMatchObject({ id, outputs: [{ parts: [{ type: 'text', content: '{"a":1}' }] }] })
  })

  test('stream() fires the same events as without us and gives the final response', async () => {
    const { openai, bare, flywheel, one } = setup()
    const run = async (client: OpenAI) => {
      stub.queue.push(frames(framesOf('openai', 'responses-tools')))
      const events: string[] = []
      const runner = client.responses.stream(request)
      runner.on('response.output_text.delta', ({ delta }) => events.push(`text ${delta}`))
      runner.on('response.function_call_arguments.delta', ({ delta }) => events.push(`call ${delta}`))
      for await (const event of runner) events.push(event.type)
      return { events, final: await runner.finalResponse() }
    }
    const seen = await run(openai)
    expect(seen).toEqual(await run(bare))
    expect(seen.events).toContain('text Let me')
    const event = await one()
    expect(event).toMatchObject({ status: 'ok', provider_response_id: 'resp_2e4f', has_text: true })
    expect(flywheel.idOf(seen.final)).toBe(event['id'])
  })

  test('withResponse, asResponse and tee', async () => {
    const { openai, sent } = setup()
    stub.queue.push(whole(bodyOf('openai', 'responses-text')), whole(bodyOf('openai', 'responses-text')))
    stub.queue.push(frames(framesOf('openai', 'responses-text')))
    const { data, response } = await openai.responses.create(request).withResponse()
    expect([data.output_text, response.status]).toEqual(['Hello', 200])
    const raw = await openai.responses.create(request).asResponse()
    expect(await raw.json()).toMatchObject({ id: 'resp_0a1b' })
    const [left, right] = (await openai.responses.create({ ...request, stream: true })).tee()
    const count = async (stream: AsyncIterable<unknown>) => {
      let events = 0
      for await (const _ of stream) events++
      return events
    }
    expect(await Promise.all([count(left), count(right)])).toEqual(
      Array(2).fill(framesOf('openai', 'responses-text').length),
    )
    const events = await sent()
    expect(events).toHaveLength(3)
    for (const event of events) {
      expect(event).toMatchObject({ status: 'ok', outputs: [{ parts: [{ type: 'text', content: 'Hello' }] }] })
    }
  })

  test('an error event in a stream is no whole answer, whatever the client makes of it', async () => {
    const { openai, one } = setup()
    stub.queue.push(frames(framesOf('openai', 'responses-error-event')))
    try {
      for await (const _ of await openai.responses.create({ ...request, stream: true }));
    } catch (error) {
      expect((error as Error).message).toContain('Slow down.')
    }
    const event = await one()
    expect(['error', 'partial']).toContain(event['status'])
    expect(event['error_message']).toContain('Slow down.')
  })

  test('a response that failed is an error in the record and an answer for the host', async () => {
    const { openai, one } = setup()
    stub.queue.push(whole(bodyOf('openai', 'responses-failed')))
    expect((await openai.responses.create(request)).status).toBe('failed')
    expect(await one()).toMatchObject({ status: 'error', error_type: 'server_error', outputs: [] })
  })

  test('a stream that breaks within a call’s arguments keeps what came of it', async () => {
    const { openai, one } = setup()
    const pieces = framesOf('openai', 'responses-tools')
    const second = pieces.findIndex((frame) => frame.includes('function_call_arguments.delta'))
    stub.queue.push(frames(pieces.slice(0, second + 2), 'reset'))
    await expect(async () => {
      for await (const _ of await openai.responses.create({ ...request, stream: true }));
    }).rejects.toThrow()
    const event = (await one()) as { outputs: { parts: object[] }[]; status: string }
    expect(event.status).toBe('partial')
    expect(event.outputs[0]?.parts.slice(1)).toEqual([
      { type: 'text', content: 'Let me see', extra: { id: 'msg_2e' } },
      {
        type: 'tool_call',
        id: 'call_a',
        name: 'f',
        arguments: '{ "id": 1',
        extra: { id: 'fc_2e1', status: 'in_progress' },
      },
      {
        type: 'tool_call',
        id: 'call_b',
        name: 'g',
        arguments: '{"y"',
        extra: { id: 'fc_2e2', status: 'in_progress' },
      },
    ])
  })

  test('events that no order explains are read without an exception', async () => {
    const { openai, one } = setup()
    const at = { item_id: 'i', output_index: 7, content_index: 4_000_000_000 }
    const events = [
      null,
      [],
      { type: 7 },
      { type: 'response.output_text.delta', ...at, delta: 'a' },
      { type: 'response.output_text.delta', ...at, delta: 9 },
      { type: 'response.function_call_arguments.delta', output_index: -1, delta: '{' },
      { type: 'response.output_text.annotation.added', ...at, annotation: { n: 1 } },
      { type: 'response.output_item.done', output_index: 'x', item: null },
      { type: 'response.novelty.delta', delta: 'x' },
      { type: 'response.completed', response: { status: 'completed', output: 'none', usage: 'much' } },
    ]
    stub.queue.push(frames(events.map((event) => `data: ${JSON.stringify(event)}\n\n`)))
    let count = 0
    for await (const _ of await openai.responses.create({ ...request, stream: true })) count++
    expect(count).toBe(events.length)
    const event = (await one()) as { outputs: { parts: object[] }[] }
    expect(event).toMatchObject({ status: 'ok', finish_reasons: ['completed'] })
    expect(event.outputs[0]?.parts).toContainEqual({
      type: 'text',
      content: 'a',
      extra: { id: 'i', annotations: [{ n: 1 }] },
    })
    for (const part of event.outputs[0]?.parts ?? []) expect(part).toHaveProperty('type')
  })

  test('a final event with an empty output does not hide what was streamed', async () => {
    const { openai, one } = setup()
    const pieces = framesOf('openai', 'responses-text').map((frame) =>
      frame.startsWith('event: response.completed')
        ? frame.replace(/"output":\[.*?\],"parallel/, '"output":[],"parallel')
        : frame,
    )
    stub.queue.push(frames(pieces))
    for await (const _ of await openai.responses.create({ ...request, stream: true }));
    expect(await one()).toMatchObject({
      status: 'ok',
      finish_reasons: ['completed'],
      outputs: [{ parts: [{ type: 'text', content: 'Hello', extra: { id: 'msg_1c2d' } }] }],
    })
  })
})
