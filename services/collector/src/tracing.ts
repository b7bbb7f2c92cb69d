import type { Logger } from '@flywheel/runtime'

/** One request as its trace shows it. Never given a line or a part of one. */
export interface RequestSpan {
  /** Numbers and ids of the request, by their names in the span. */
  set(attributes: Readonly<Record<string, string | number>>): void
  /** Runs `append` inside of a span of its own. */
  append<Done>(append: () => Promise<Done>): Promise<Done>
  /** @param code of the error that was answered, where one was */
  end(status: number, code?: string): void
}

/** Where traces go. */
export interface Tracing {
  start(headers: Headers, requestId: string): RequestSpan
  /** Sends what is left. */
  close(): Promise<void>
}

const NO_SPAN: RequestSpan = { set: () => {}, append: (append) => append(), end: () => {} }

/** Nobody looks. */
export const NO_TRACING: Tracing = { start: () => NO_SPAN, close: async () => {} }

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The collector's own traces, sent where `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` says;
 * without either nothing of OpenTelemetry is loaded. Its SDK reads the other `OTEL_*` names: headers, sampler, resource.
 */
export async function openTracing(env: Environment, logger: Logger): Promise<Tracing> {
  const isOff = env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none'
  const hasEndpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']
  if (isOff || !hasEndpoint) return NO_TRACING
  const { createTracing } = await import('./otel-tracing.js')
  return createTracing(env, logger)
}
