/**
 * A host process of its own with one version of the OpenTelemetry API: the API allows one a process. Prints one JSON
 * line: what was sent, and every finished span. Arguments: provider's URL, the API package ('' for none), the mode.
 */
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import OpenAI from 'openai'
import { createFlywheel, type OtelMode } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'

type Api = typeof import('@opentelemetry/api')

const API = Symbol.for('opentelemetry.js.api.1')
const [provider, apiName, mode] = process.argv.slice(2) as [string, string, OtelMode | '']
const transport = memoryTransport()
const problems: string[] = []
const flywheel = createFlywheel({
  transport,
  ...(mode && { otel: mode }),
  onDiagnostic: ({ code }) => void problems.push(code),
})
const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: provider, maxRetries: 0 }))
// The provider's file is there: the test knows the records by their order.
await flywheel.flush()
const call = (content = 'CANARY') =>
  openai.chat.completions.create({ model: 'm', messages: [{ role: 'user', content }] })

const exporter = new InMemorySpanExporter()
const names: Record<string, string> = {}
if (apiName) {
  const { context, trace }: Api = await import(apiName)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable() as never)
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  trace.setGlobalTracerProvider(tracers as never)
  const tracer = trace.getTracer('host')
  const within = async (name: string, fn: () => unknown) => {
    // By the API under test: the SDK's own `startActiveSpan` asks the API that it was built with.
    const span = tracer.startSpan(name)
    names[name] = `${span.spanContext().traceId} ${span.spanContext().spanId}`
    try {
      await context.with(trace.setSpan(context.active(), span), fn)
    } finally {
      span.end()
    }
  }
  await within('call', async () => {
    await new Promise((resolve) => setImmediate(resolve))
    await call()
  })
  await within('turn', () => flywheel.turn({ task: 'turn' }).run(() => call()))
  await within('failed', () => call('fail CANARY').catch(() => {}))
  await within('observed', () => flywheel.observe('f', () => 'CANARY'))
  await within('recorded', () => flywheel.record({ task: 'recorded', errorMessage: 'CANARY' }))
  await within('off', () => flywheel.context.run({ capture: 'off' }, () => call()))
  await within('by hand', () => flywheel.context.run({ task: 'by hand', traceId: 'mine' }, () => call()))
  const held = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 0 }
  const at = (spanContext: typeof held, task: string) =>
    context.with(trace.setSpan(context.active(), trace.wrapSpanContext(spanContext)), () =>
      flywheel.context.run({ task }, () => call()),
    )
  await at(held, 'not recording')
  await at({ ...held, traceId: '0'.repeat(32) }, 'invalid trace')
  await at({ ...held, spanId: 'CANARY' }, 'invalid span')
  const hostile = {
    spanContext: () => held,
    isRecording: () => true,
    setAttribute: () => {
      throw new Error('no')
    },
  }
  await context.with(trace.setSpan(context.active(), hostile as never), () =>
    flywheel.context.run({ task: 'hostile' }, () => call()),
  )
}
await flywheel.context.run({ task: 'outside' }, () => call())
await flywheel.flush()
console.log(
  JSON.stringify({
    api: (globalThis as { [API]?: { version: string } })[API]?.version,
    problems,
    names,
    events: transport.events,
    spans: exporter
      .getFinishedSpans()
      .map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
  }),
)
