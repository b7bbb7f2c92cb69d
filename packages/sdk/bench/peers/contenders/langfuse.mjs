// As the quick start of @langfuse/openai says: a tracer provider with Langfuse's span processor, and the wrapper.
import { observeOpenAI } from '@langfuse/openai'
import { LangfuseSpanProcessor } from '@langfuse/otel'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

export const packages = ['@langfuse/openai', '@langfuse/otel', '@opentelemetry/sdk-trace-node']

export function start({ OpenAI, sink }) {
  const processor = new LangfuseSpanProcessor({ publicKey: 'pk-lf-bench', secretKey: 'sk-lf-bench', baseUrl: sink })
  new NodeTracerProvider({ spanProcessors: [processor] }).register()
  return { client: (options) => observeOpenAI(new OpenAI(options)), flush: () => processor.forceFlush() }
}
