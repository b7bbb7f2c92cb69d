import type { Completion } from '@flywheel/curation'
import { printable } from '../output.js'

/** An object that is no list. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

// OpenAI writes a text; some servers pass on the object that the model's own format holds.
const argumentsText = (told: unknown): string =>
  typeof told === 'string' ? told : isObject(told) ? JSON.stringify(told) : ''

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
  const isRefusal = typeof refusal === 'string' && refusal !== ''
  const text = typeof content === 'string' ? content : isRefusal ? refusal : null
  if (text === null && named.length === 0 && content !== null) return null
  return {
    content: text ?? '',
    ...(isRefusal ? { is_refusal: true } : {}),
    tool_calls: named.map((each) => ({ name: String(each?.['name']), arguments: argumentsText(each?.['arguments']) })),
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

const MOST_CHARS = 200

/** What an endpoint says of its own failure, as one short line; '' where it says nothing. */
export function failureText(body: string): string {
  const told = parsed(body)
  const error = isObject(told) ? (told['error'] ?? told) : null
  const message = isObject(error) ? (error['message'] ?? error['detail']) : error
  const text = typeof message === 'string' ? message : told === null ? body : ''
  const line = printable(text.slice(0, 10 * MOST_CHARS).replaceAll(/\s+/g, ' ')).trim()
  return line.length <= MOST_CHARS ? line : `${line.slice(0, MOST_CHARS - 1)}…`
}
