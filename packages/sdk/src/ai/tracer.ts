import type { Capture } from '../capture.js'
import { asShape, type Shape } from '../providers/shape.js'
import { type AiSession, runWitnessed, sessionFrame } from './session.js'
import { end, mix, observeStep, responseFormatOf, runTool, spannedOperation } from './telemetry.js'

interface Span {
  end?: (...args: unknown[]) => unknown
}

/** The host's own tracer, if it has one for these calls. */
export interface HostTracer {
  startActiveSpan?: (...args: unknown[]) => unknown
}

/** A span that goes nowhere. Version 6 sets attributes on it and never asks for anything back but the span itself. */
function emptySpan(): Span {
  const span: Record<string, unknown> = {
    spanContext: () => ({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }),
    isRecording: () => false,
    end: () => {},
    recordException: () => {},
  }
  for (const name of ['setAttribute', 'setAttributes', 'addEvent', 'addLink', 'addLinks', 'setStatus', 'updateName'])
    span[name] = () => span
  return span
}

/** Calls `told` when the span ends, also where the span is the host's. */
function onSpanEnd(span: Span, told: () => void): void {
  const ends = span.end
  try {
    span.end = (...args) => {
      told()
      return ends?.apply(span, args)
    }
  } catch {
    // A span that cannot be changed: the end of the call is told by its events.
  }
}

/**
 * Version 6 runs each call of a model inside a span: that is how its answer, its stream and its failure are seen, which
 * no event of that version tells. Its names are part of what `ai` documents.
 */
export function runSpan(
  capture: Capture,
  session: AiSession,
  host: HostTracer | undefined,
  name: string,
  args: readonly unknown[],
): unknown {
  const fn = args.at(-1) as (span: Span) => PromiseLike<unknown>
  const open = (inside: (span: Span) => PromiseLike<unknown>): PromiseLike<unknown> =>
    (host?.startActiveSpan
      ? host.startActiveSpan(name, ...args.slice(0, -1), inside)
      : inside(emptySpan())) as PromiseLike<unknown>
  const operation = spannedOperation(session)
  const isInner = name === 'ai.toolCall' || /\.(?:doGenerate|doStream)$/.test(name)
  if (isInner && (session.isMixed || operation?.isElsewhere)) return open(fn)
  if (name === 'ai.toolCall') {
    const attributes = asShape(asShape(args[0])['attributes'])
    return runTool(capture, session, {}, attributes['ai.toolCall.id'], () => open(fn))
  }
  if (isInner) {
    if (operation?.step) {
      const resultIn = (value: unknown) => (name.endsWith('.doStream') ? asShape(value)['result'] : value)
      return responseFormatOf(operation).then((responseFormat) =>
        observeStep(capture, session, operation, { responseFormat }, resultIn, () => open(fn)),
      )
    }
    return runWitnessed(capture, sessionFrame(capture, session), () => open(fn))
  }
  if (name !== 'ai.generateText' && name !== 'ai.streamText') return open(fn)
  session.running = (session.running ?? 0) + 1
  if (session.running > 1) mix(capture, session)
  let isOver = false
  const over = () => {
    end(capture, session, {})
    if (isOver) return
    isOver = true
    session.running = (session.running ?? 1) - 1
    if (session.running === 0) session.isMixed = false
  }
  const frame = sessionFrame(capture, session)
  const run = () =>
    open((span) => {
      onSpanEnd(span, over)
      return fn(span)
    })
  const running = frame ? capture.state.store.run(frame, run) : run()
  return Promise.resolve(running).catch((error) => {
    over()
    throw error
  })
}

/** The tracer that OpenTelemetry would have given, without its package. */
export function globalTracer(): HostTracer | undefined {
  const api = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')]
  const provider = asShape(api)['trace'] as { getTracer?: (name: string) => unknown } | undefined
  return provider?.getTracer?.('ai') as HostTracer | undefined
}

/** The tracer for a call: the host's where the host asked for spans, else none. */
export function hostTracer(settings: Shape): HostTracer | undefined {
  if (settings['isEnabled'] !== true) return undefined
  return (settings['tracer'] as HostTracer | undefined) ?? globalTracer()
}
