import type { JsonObject, Part } from '@flywheel/schema/wire'
import type { AnswerFields, Mapping, RequestFields } from '../provider.js'
import { asCount, asShape, asText, otherPart } from './shape.js'

/** Texts as parts; lists of token numbers as they are. */
export function textParts(value: unknown): Part[] {
  if (typeof value === 'string') return [{ type: 'text', content: value }]
  if (!Array.isArray(value)) return value === undefined || value === null ? [] : [otherPart('input', value)]
  if (value.length > 0 && value.every((each) => typeof each === 'number')) return [otherPart('tokens', value)]
  return value.flatMap(textParts)
}

function request(args: readonly unknown[], _hold: unknown, provider: string): RequestFields {
  const { model, input, ...parameters } = asShape(args[0])
  return {
    operation: 'embedding',
    provider,
    model_requested: asText(model),
    messages: [{ role: 'user', parts: textParts(input) }],
    parameters: parameters as JsonObject,
  } as RequestFields
}

/** Vectors are never stored. */
function response(value: unknown): AnswerFields {
  const { data: _, ...head } = asShape(value)
  return {
    model_answered: asText(head['model']),
    usage_input_tokens: asCount(asShape(head['usage'])['prompt_tokens']),
    provider_json: head as JsonObject,
  } as AnswerFields
}

/** `embeddings.create`, which does not stream. */
export const embeddings: Mapping = {
  request,
  response,
  accumulator: () => ({ add: () => false, isComplete: () => true, fields: () => ({}) }),
}
