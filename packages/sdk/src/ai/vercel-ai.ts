import type { Capture } from '../capture.js'
import { observeModel } from './model.js'
import type { AiSession } from './session.js'
import { executeModel, type ModelExecution, onEvent, runTool } from './telemetry.js'
import { hostTracer, runSpan } from './tracer.js'

/** What the entry's delegates call once this file is loaded. No function throws what its host's call did not. */
export interface AiLibrary {
  /** `doGenerate` or `doStream` of a model. */
  model(session: AiSession | undefined, model: object, options: unknown, run: () => PromiseLike<unknown>): unknown
  /** One of an integration's hooks. */
  hook(session: AiSession, name: string, event: unknown): unknown
  span(session: AiSession, settings: object, name: string, args: readonly unknown[]): unknown
}

/** Binds the library to a client. */
export function aiLibrary(capture: Capture): AiLibrary {
  return {
    model: (session, model, options, run) => observeModel(capture, session, model, options, run),
    hook(session, name, event) {
      const given = event as ModelExecution
      if (name === 'executeLanguageModelCall') return executeModel(capture, session, given)
      if (name === 'executeTool') return runTool(capture, session, given, given['toolCallId'], given.execute)
      try {
        onEvent(capture, session, name, event)
      } catch (error) {
        capture.report('capture_failed', `${name} of the AI SDK could not be read`, error)
      }
      return undefined
    },
    span: (session, settings, name, args) =>
      runSpan(capture, session, hostTracer(settings as Record<string, unknown>), name, args),
  }
}
