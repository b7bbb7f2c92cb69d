import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFlywheel } from '../src/index.js'
import { memoryTransport } from '../src/test-kit/index.js'
import { type OpenAIStub, openaiStub, sse, words } from './support/openai-stub.js'

let stub: OpenAIStub
beforeAll(async () => {
  stub = await openaiStub()
})
afterAll(() => stub.close())

const model = 'gpt-test'

test('capture throws, the call still returns', async () => {
  const transport = memoryTransport()
  const diagnostics: string[] = []
  const flywheel = createFlywheel({
    transport,
    onDiagnostic: ({ code }) => {
      diagnostics.push(code)
      throw new Error('the reporter throws as well')
    },
  })
  const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: stub.url }))
  let reads = 0
  const hostile = {
    get role(): 'user' {
      if (reads++ === 0) throw new Error('capture trips here')
      return 'user'
    },
    content: 'Hi',
  }
  const completion = await openai.chat.completions.create({ model, messages: [hostile] })
  expect(completion.choices[0]?.message.content).toBe('Hello')
  await flywheel.flush()
  expect(diagnostics).toContain('capture_failed')
  expect(transport.events).toMatchObject([{ type: 'interaction', status: 'ok', has_text: true }])
})

test('redact throws: the call returns, the content is gone, the record stays', async () => {
  const transport = memoryTransport()
  const flywheel = createFlywheel({
    transport,
    onDiagnostic: () => {},
    redact: () => {
      throw new Error('no')
    },
  })
  const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: stub.url }))
  stub.queue.push(sse(words(['secret'])))
  const stream = await openai.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'secret' }],
    stream: true,
  })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  expect(text).toBe('secret')
  await flywheel.flush()
  expect(transport.events).toHaveLength(1)
  expect(transport.events[0]).toMatchObject({ status: 'ok', model_requested: model })
  expect(JSON.stringify(transport.events)).not.toContain('secret')
})

test('a transport that throws at once and a hook that throws do not reach the host', async () => {
  const flywheel = createFlywheel({
    transport: {
      send: () => {
        throw new Error('synchronous')
      },
    },
    onCreated: () => {
      throw new Error('hook')
    },
    onDiagnostic: () => {},
  })
  const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: stub.url }))
  const { data, request_id } = await openai.chat.completions.create({ model, messages: [] }).withResponse()
  expect([data.id, request_id]).toEqual(['chatcmpl-1', 'req_1'])
  expect(await flywheel.flush(50)).toMatchObject({ sent: 0, pending: 1, lastError: { code: 'unreachable' } })
  await flywheel.shutdown(0)
})
