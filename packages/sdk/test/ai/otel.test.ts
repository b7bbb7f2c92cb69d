import { trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { completion, json, type OpenAIStub, openaiStub } from '../support/openai-stub.js'
import { byOptions } from './majors.js'
import { aiSetup, said } from './support.js'

let stub: OpenAIStub
const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
beforeAll(async () => {
  stub = await openaiStub()
  stub.answer = json(completion({ content: 'a canary' }))
  trace.setGlobalTracerProvider(provider)
})
afterEach(() => exporter.reset())
afterAll(async () => {
  trace.disable()
  await stub.close()
})

const messages = [{ role: 'user' as const, content: 'canary' }]
const [six] = byOptions

test('turn.ai() alone writes nothing on the host’s spans', async () => {
  if (!six) throw new Error('no way of version 6')
  const { ai, bare, turn, sent } = aiSetup(six, stub.url)
  await ai.generateText({ model: bare, messages, ...(turn.ai() as object) })
  expect((await sent()).map(said)).toEqual([[['text', 'a canary']]])
  expect(exporter.getFinishedSpans()).toEqual([])
})

test.each([
  ['the registered tracer', {}],
  ['a tracer of the call', { tracer: provider.getTracer('own') }],
])('a host that wants spans keeps them: %s', async (_name, more) => {
  if (!six) throw new Error('no way of version 6')
  const { ai, bare, turn, sent } = aiSetup(six, stub.url)
  const settings = { isEnabled: true, functionId: 'greet', recordOutputs: false, ...more }
  await ai.generateText({ model: bare, messages, ...(turn.ai(settings) as object) })
  expect((await sent()).map(said)).toEqual([[['text', 'a canary']]])
  const seen = exporter.getFinishedSpans().map(({ name, attributes }) => [name, attributes['ai.telemetry.functionId']])
  exporter.reset()
  await ai.generateText({ model: bare, messages, experimental_telemetry: settings as never })
  expect(seen).toEqual(
    exporter.getFinishedSpans().map(({ name, attributes }) => [name, attributes['ai.telemetry.functionId']]),
  )
  expect(seen).toHaveLength(2)
})
