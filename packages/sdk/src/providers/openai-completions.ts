import type { JsonObject, Message, Part } from '@flywheel/schema/wire'
import type { Accumulator, AnswerFields, Mapping, RequestFields } from '../provider.js'
import { openaiUsage } from './openai-chat.js'
import { textParts } from './openai-embeddings.js'
import { asArray, asCount, asShape, asText, hasText, isShape, otherPart, type Shape, withExtra } from './shape.js'

/** Several prompts of one call are several questions: read as one text they would answer each other. */
function promptParts(prompt: unknown): Part[] {
  const parts = textParts(prompt)
  return parts.length > 1 ? [otherPart('prompts', prompt)] : parts
}

function request(args: readonly unknown[], _hold: unknown, provider: string): RequestFields {
  const { model, prompt, ...parameters } = asShape(args[0])
  return {
    operation: 'completion',
    provider,
    model_requested: asText(model),
    messages: [{ role: 'user', parts: promptParts(prompt) }],
    parameters: parameters as JsonObject,
  } as RequestFields
}

/** Choices in index order, whatever the order they came in. */
function answer(head: Shape, choices: readonly Shape[]): AnswerFields {
  const sorted = [...choices].sort((a, b) => (asCount(a['index']) ?? 0) - (asCount(b['index']) ?? 0))
  const outputs = sorted.map(({ text, index: _, finish_reason: __, ...rest }): Message => {
    const part: Part = typeof text === 'string' ? { type: 'text', content: text } : otherPart('text', text ?? null)
    return { role: 'assistant', parts: [withExtra(part, rest)] }
  })
  return {
    model_answered: asText(head['model']),
    provider_response_id: asText(head['id']),
    outputs,
    has_text: hasText(outputs),
    finish_reasons: sorted.map((choice) => asText(choice['finish_reason']) ?? ''),
    ...openaiUsage(head['usage']),
    provider_json: head as JsonObject,
  } as AnswerFields
}

/** Lists of a field, one after the other. */
function joined(before: Shape, after: Shape): Shape {
  const entries = Object.entries(after).map(([key, value]) => [key, [...asArray(before[key]), ...asArray(value)]])
  return { ...before, ...Object.fromEntries(entries) }
}

function accumulator(): Accumulator {
  const head: Shape = {}
  const choices = new Map<number, Shape>()
  return {
    add(chunk) {
      const { choices: pieces, ...rest } = asShape(chunk)
      let isContent = false
      for (const [key, value] of Object.entries(rest)) if (value !== null && key !== 'obfuscation') head[key] = value
      for (const piece of asArray(pieces).map(asShape)) {
        const index = asCount(piece['index']) ?? 0
        const choice = choices.get(index) ?? { index, text: '' }
        choices.set(index, choice)
        const { text, finish_reason, logprobs } = piece
        if (typeof text === 'string') choice['text'] = (choice['text'] as string) + text
        isContent ||= typeof text === 'string' && text !== ''
        choice['finish_reason'] = finish_reason ?? choice['finish_reason']
        if (isShape(logprobs)) choice['logprobs'] = joined(asShape(choice['logprobs']), logprobs)
      }
      return isContent
    },
    isComplete: () => choices.size > 0 && [...choices.values()].every((choice) => asText(choice['finish_reason'])),
    fields: () => answer(head, [...choices.values()]),
  }
}

/** `completions.create`, the endpoint of before chat, whole and streamed. */
export const completions: Mapping = {
  request,
  response(value) {
    const { choices, ...head } = asShape(value)
    return answer(head, asArray(choices).map(asShape))
  },
  accumulator,
}
