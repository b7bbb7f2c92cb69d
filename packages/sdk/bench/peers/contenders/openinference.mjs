// As the documentation says, with the batch processor that it asks for in production, and the class handed over by
// hand because ES modules are not patched on import.
import { OpenAIInstrumentation } from '@arizeai/openinference-instrumentation-openai'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

export const packages = [
  '@arizeai/openinference-instrumentation-openai',
  '@opentelemetry/exporter-trace-otlp-proto',
  '@opentelemetry/sdk-trace-node',
]

export function start({ OpenAI, sink }) {
  const exporter = new OTLPTraceExporter({ url: `${sink}/v1/traces` })
  const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })
  provider.register()
  const instrumentation = new OpenAIInstrumentation()
  registerInstrumentations({ instrumentations: [instrumentation], tracerProvider: provider })
  instrumentation.manuallyInstrument(OpenAI)
  return { client: (options) => new OpenAI(options), flush: () => provider.forceFlush() }
}
