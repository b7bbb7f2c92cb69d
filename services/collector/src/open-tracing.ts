import type { Logger } from '@flywheel/runtime'
import { NO_TRACING, type Tracing } from './tracing.js'

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
