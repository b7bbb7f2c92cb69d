import type { Flywheel } from '../client.js'
import { AI, type AiIntegration } from './delegate.js'

/** What `wrapLanguageModel` takes; its types are those of every major at once. */
export type AiMiddleware = Readonly<
  Record<'specificationVersion' | 'middlewareVersion' | 'wrapGenerate' | 'wrapStream', never>
>

interface Wrapped {
  readonly doGenerate: () => PromiseLike<unknown>
  readonly doStream: () => PromiseLike<unknown>
  readonly params: unknown
  readonly model: object
}

/**
 * A middleware for `wrapLanguageModel` of `ai` 5, 6 and 7: every call of the model is recorded, in the turn or context
 * that it runs in.
 * @example
 * const model = wrapLanguageModel({ model: openai('gpt-5'), middleware: flywheelMiddleware(flywheel) })
 */
export function flywheelMiddleware(flywheel: Flywheel): AiMiddleware {
  const middleware = {
    specificationVersion: 'v4',
    middlewareVersion: 'v2',
    wrapGenerate: ({ doGenerate, params, model }: Wrapped) => flywheel[AI].call(model, params, doGenerate),
    wrapStream: ({ doStream, params, model }: Wrapped) => flywheel[AI].call(model, params, doStream),
  }
  return middleware as unknown as AiMiddleware
}

/**
 * A telemetry integration for every call of the process: `registerTelemetry(flywheelTelemetry(flywheel))` in `ai` 7,
 * `registerTelemetryIntegration(flywheelTelemetry(flywheel))` in `ai` 6. Calls belong to the turn or context that they
 * run in. Version 6 tells no part of an answer that was aborted or failed; `turn.ai()` and `turn.model()` see it.
 */
export function flywheelTelemetry(flywheel: Flywheel): AiIntegration {
  return flywheel[AI].integration()
}
