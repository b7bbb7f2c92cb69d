import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '@flywheel/runtime'
import {
  type Context,
  createTraceState,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { RequestSpan, Tracing } from './tracing.js'

/** https://www.w3.org/TR/trace-context/#traceparent-header; a later version may add fields behind. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/

const CLOSE_MS = 2000
const ROUTE = '/v1/events'

/** Traces through the official SDK and OTLP over HTTP. A receiver that is away costs a line in the log and no request. */
export function createTracing(env: Readonly<Record<string, string | undefined>>, logger: Logger): Tracing {
  diag.setLogger(
    {
      error: (message) => logger.warn({ reason: message.slice(0, 300) }, 'traces cannot be sent'),
      warn: () => {},
      info: () => {},
      debug: () => {},
      verbose: () => {},
    },
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true },
  )
  const own = resourceFromAttributes({ 'service.name': env['OTEL_SERVICE_NAME'] || 'flywheel-collector' })
  const resource = defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }))
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  const tracer = provider.getTracer('@flywheel/collector')
  return {
    start: (headers, requestId) => startSpan(tracer, headers, requestId),
    close: async () => {
      // The SDK tries a receiver that is away for ten seconds, and a stop has better use for them.
      const tooLate = wait(CLOSE_MS, 'no answer', { ref: false })
      const reason = await Promise.race([provider.shutdown().catch((error: Error) => error.message), tooLate])
      if (reason !== undefined) logger.warn({ reason }, 'traces cannot be sent')
    },
  }
}

function startSpan(tracer: Tracer, headers: Headers, requestId: string): RequestSpan {
  const parent = remoteContext(headers)
  const attributes = { 'http.request.method': 'POST', 'http.route': ROUTE, 'flywheel.request_id': requestId }
  const span = tracer.startSpan(`POST ${ROUTE}`, { kind: SpanKind.SERVER, attributes }, parent)
  return {
    set: (more) => void span.setAttributes(more),
    append: async (append) => {
      const child = tracer.startSpan('append', { kind: SpanKind.PRODUCER }, trace.setSpan(parent, span))
      try {
        return await append()
      } catch (error) {
        failed(child, (error as { code?: string }).code ?? 'internal')
        throw error
      } finally {
        child.end()
      }
    },
    end: (status, code) => {
      span.setAttribute('http.response.status_code', status)
      if (code !== undefined) span.setAttribute('error.type', code)
      // What a client did wrong is no error of a server's span.
      if (status >= 500) failed(span, code ?? String(status))
      span.end()
    },
  }
}

function failed(span: Span, code: string): void {
  span.setAttribute('error.type', code)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

function remoteContext(headers: Headers): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(headers.get('traceparent')?.trim() ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT
  const state = headers.get('tracestate')
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(state === null ? {} : { traceState: createTraceState(state) }),
  })
}
