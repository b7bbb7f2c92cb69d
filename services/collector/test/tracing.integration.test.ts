import { createServer, type Server } from 'node:http'
import { createLogger } from '@flywheel/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTracing } from '../src/open-tracing.js'
import { createTracing } from '../src/otel-tracing.js'
import { NO_TRACING, type Tracing } from '../src/tracing.js'
import { directoryOf, interaction, makeKey, ndjson, startCollector, type TestCollector } from './harness.js'

interface OtlpSpan {
  name: string
  kind: number
  traceId: string
  spanId: string
  parentSpanId?: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  status: { code?: number }
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[]
}

const CANARY = 'canary-of-content-7391'
const key = makeKey('sk')
let receiver: Server
let heard: string[]
let tracing: Tracing
let collector: TestCollector

beforeEach(async () => {
  heard = []
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      if (request.url === '/v1/traces') heard.push(body)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const { port } = receiver.address() as { port: number }
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${port}`
  process.env['OTEL_RESOURCE_ATTRIBUTES'] = 'deployment.environment.name=test'
  tracing = await openTracing(process.env, createLogger('collector', { level: 'silent' }))
  collector = await startCollector({ keys: directoryOf([key]), tracing })
})
afterEach(async () => {
  await collector.stop()
  receiver.close()
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
  delete process.env['OTEL_RESOURCE_ATTRIBUTES']
})

/** What the receiver got, after everything was sent. */
async function spans(): Promise<OtlpSpan[]> {
  await tracing.close()
  return heard.flatMap((body) =>
    (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] }).resourceSpans.flatMap(
      ({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans),
    ),
  )
}

const attribute = (span: OtlpSpan | undefined, name: string) => {
  const value = span?.attributes.find(({ key }) => key === name)?.value
  return value?.stringValue ?? value?.intValue
}

test('an OTLP receiver gets a span for each request and one for its append, inside of the trace of the caller', async () => {
  const [traceId, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
  const body = ndjson(interaction({ user_id: CANARY, error_message: CANARY }), { type: 'nothing', id: CANARY })
  const headers = { ...key.bearer, traceparent: `00-${traceId}-${parent}-01`, 'x-request-id': 'request-of-test' }
  expect((await collector.send(body, headers)).status).toBe(202)
  const sent = await spans()
  expect(sent.map(({ name }) => name).sort()).toEqual(['POST /v1/events', 'append'])
  const request = sent.find(({ kind }) => kind === 2)
  const append = sent.find(({ kind }) => kind === 4)
  expect(request).toMatchObject({ traceId, parentSpanId: parent })
  expect(append).toMatchObject({ traceId, parentSpanId: request?.spanId })
  expect(BigInt(append?.endTimeUnixNano ?? 0)).toBeGreaterThan(BigInt(append?.startTimeUnixNano ?? 0))
  const names = ['http.route', 'http.response.status_code', 'flywheel.project_id', 'flywheel.request_id']
  expect(names.map((name) => attribute(request, name))).toEqual(['/v1/events', 202, 'default', 'request-of-test'])
  const lines = ['flywheel.lines.accepted', 'flywheel.lines.rejected'].map((name) => attribute(request, name))
  expect(lines).toEqual([1, 1])
  expect(heard.join('')).toContain('flywheel-collector')
  expect(heard.join('')).toContain('deployment.environment.name')
  expect(heard.join('')).not.toContain(CANARY)
})

test('a refusal says its code, a failure of the log is an error, and what is no traceparent begins a trace', async () => {
  await collector.send(ndjson(interaction()), {
    traceparent: '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  })
  await collector.log.close()
  expect((await collector.send(ndjson(interaction()), key.bearer)).status).toBe(503)
  const sent = await spans()
  const refused = sent.find((span) => attribute(span, 'http.response.status_code') === 401)
  expect(refused?.parentSpanId ?? '').toBe('')
  expect(refused?.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/)
  expect([attribute(refused, 'error.type'), refused?.status.code ?? 0]).toEqual(['unauthorized', 0])
  const failed = sent.filter(({ status }) => status.code === 2)
  expect(failed.map((span) => attribute(span, 'error.type'))).toEqual(['log_unavailable', 'log_unavailable'])
})

test('a receiver that is away costs no request', async () => {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = 'http://127.0.0.1:1'
  const logged: string[] = []
  const lost = createTracing(
    process.env,
    createLogger('collector', { stream: { write: (line) => void logged.push(line) } }),
  )
  const other = await startCollector({ keys: directoryOf([key]), tracing: lost })
  expect((await other.send(ndjson(interaction()), key.bearer)).status).toBe(202)
  await lost.close()
  expect(logged.join('')).toContain('traces cannot be sent')
  await other.stop()
})

test('without an endpoint, or switched off, there is no tracing', async () => {
  const logger = createLogger('collector', { level: 'silent' })
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:4318'
  expect(await openTracing({ OTEL_SERVICE_NAME: 'x' }, logger)).toBe(NO_TRACING)
  expect(await openTracing({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' }, logger)).toBe(NO_TRACING)
  expect(await openTracing({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, logger)).toBe(NO_TRACING)
})
