/**
 * How calls and the host's OpenTelemetry spans know each other: `link` also writes ids on the active span, `read` only
 * takes the span's ids. Content is never on a span.
 */
export type OtelMode = 'link' | 'read' | 'off'

/** The wire's fields of a span. */
export interface SpanFields {
  trace_id?: string
  span_id?: string
}

interface Span {
  spanContext(): { traceId: string; spanId: string }
  isRecording(): boolean
  setAttribute(name: string, value: string): unknown
}

interface Api {
  readonly context?: { active(): { getValue(key: symbol): unknown } }
}

/** Under these the API package registers itself and keeps the active span, in every version 1.x. */
const API = Symbol.for('opentelemetry.js.api.1')
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN')

/**
 * The active span's ids, and ours on it. Reads what the host registered and imports nothing, so it costs a look-up
 * where there is no OpenTelemetry. A span without valid ids is no span. Never throws.
 */
export function linkSpan(mode: OtelMode, interactionId: string, turnId: string): SpanFields {
  try {
    const api = mode === 'off' ? undefined : (globalThis as { [API]?: Api })[API]
    const span = api?.context?.active().getValue(SPAN) as Span | undefined
    if (!span) return {}
    const { traceId, spanId } = span.spanContext()
    if (!/^(?!0+$)[\da-f]{32}$/.test(traceId) || !/^(?!0+$)[\da-f]{16}$/.test(spanId)) return {}
    if (mode === 'link' && span.isRecording()) {
      span.setAttribute('flywheel.interaction.id', interactionId)
      span.setAttribute('flywheel.turn.id', turnId)
    }
    return { trace_id: traceId, span_id: spanId }
  } catch {
    // A host's own context manager is not allowed to fail the call that it is asked about.
    return {}
  }
}
