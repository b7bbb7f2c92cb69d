import type { Capture } from '../capture.js'
import { asShape } from '../providers/shape.js'
import { observeModelCall } from './model-call.js'
import { keepFailed, retriedCall } from './retry.js'
import { type AiSession, noteRecorded } from './session.js'

/** Records one `doGenerate` or `doStream` of a model of version 2, 3 or 4. */
export function observeModel(
  capture: Capture,
  session: AiSession | undefined,
  model: object,
  options: unknown,
  run: () => PromiseLike<unknown>,
): PromiseLike<unknown> {
  const { provider, modelId } = model as { provider?: unknown; modelId?: unknown }
  const asked = asShape(options)
  return observeModelCall(
    {
      capture,
      session,
      model: { provider, modelId },
      options: asked,
      retried: () => retriedCall(model, asked),
      onFailure: (call, error) => keepFailed(capture, model, call, asked, error),
      onResponse: (responseId) => noteRecorded(capture, responseId),
    },
    run,
  )
}
