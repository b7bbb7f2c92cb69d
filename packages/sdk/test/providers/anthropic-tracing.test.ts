import Anthropic from '@anthropic-ai/sdk'
import { trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { messageBody, messageFrames } from '../support/anthropic-stub.js'
import { frames, type ProviderStub, providerStub, whole } from '../support/provider-stub.js'
import { recording } from '../support/recording.js'

const exporter = new InMemorySpanExporter()
let stub: ProviderStub
beforeAll(async () => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  stub = await providerStub()
})
afterAll(async () => {
  trace.disable()
  await stub.close()
})

const request = { model: 'm', max_tokens: 64, messages: [{ role: 'user' as const, content: 'Hi' }] }

/** What the library's own tracing says of a whole, a streamed and a broken off call. */
async function spansOf(client: Anthropic) {
  exporter.reset()
  stub.queue.push(whole(messageBody('message.json')), frames(messageFrames('stream-text.sse')))
  await client.messages.create(request)
  for await (const _ of await client.messages.create({ ...request, stream: true }));
  stub.queue.push(frames(messageFrames('stream-text.sse'), 'end', 5))
  for await (const event of await client.messages.create({ ...request, stream: true }))
    if (event.type === 'content_block_delta') break
  return exporter.getFinishedSpans().map(({ name, status, attributes }) => ({
    name,
    status,
    // Times and the port's own address differ from call to call.
    attributes: Object.fromEntries(Object.entries(attributes).filter(([key]) => !/time|duration|id$/.test(key))),
  }))
}

test('the tracing that the library has of its own tells the same on a wrapped client, and so do the records', async () => {
  const { flywheel, interactions } = recording()
  const make = () => new Anthropic({ apiKey: 'x', baseURL: stub.url, maxRetries: 0 })
  const expected = await spansOf(make())
  expect(expected.map(({ name }) => name)).toHaveLength(3)
  expect(await spansOf(flywheel.wrap(make()))).toEqual(expected)
  expect(await interactions()).toMatchObject([
    { status: 'ok', usage_output_tokens: 7 },
    { status: 'ok', usage_output_tokens: 15 },
    { status: 'aborted', outputs: [{ parts: [{ content: 'Hel' }] }] },
  ])
})
