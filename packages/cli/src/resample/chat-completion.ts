import type { Completion } from '@flywheel/curation'

/** An object that is no list. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The first choice of a response body; null where it is no chat completion. */
export function completionOf(body: unknown, asked: string): Completion | null {
  const choices = isObject(body) ? body['choices'] : null
  const choice: unknown = Array.isArray(choices) ? choices[0] : null
  const message = isObject(choice) ? choice['message'] : null
  if (!isObject(body) || !isObject(choice) || !isObject(message)) return null
  const { content, refusal, tool_calls } = message
  const calls = Array.isArray(tool_calls) ? (tool_calls as unknown[]) : []
  const named = calls.map((call) => (isObject(call) && isObject(call['function']) ? call['function'] : null))
  if (named.some((each) => typeof each?.['name'] !== 'string')) return null
  const text = typeof content === 'string' ? content : typeof refusal === 'string' ? refusal : null
  if (text === null && named.length === 0 && content !== null) return null
  return {
    content: text ?? '',
    tool_calls: named.map((each) => ({ name: String(each?.['name']), arguments: String(each?.['arguments'] ?? '') })),
    finish_reason: typeof choice['finish_reason'] === 'string' ? choice['finish_reason'] : '',
    model: typeof body['model'] === 'string' ? body['model'] : asked,
  }
}

/** The value of a JSON text; null where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
