import type { ChatMessage } from '../prompt/chat.js'
import { isObject, type Turn } from './conversation.js'

/** A message as Inspect reads it: always a text, a call's `function` is its name, a result names the tool it is of. */
export function inspectMessage(
  { role, content, tool_calls, tool_call_id }: ChatMessage,
  before: readonly ChatMessage[] = [],
): Record<string, unknown> {
  const called = before.flatMap((message) => message.tool_calls ?? []).find(({ id }) => id === tool_call_id)
  return {
    role,
    content,
    ...(tool_calls === undefined
      ? {}
      : {
          tool_calls: tool_calls.map(({ id, type, function: { name, arguments: given } }) => ({
            id,
            type,
            function: name,
            arguments: given,
          })),
        }),
    ...(tool_call_id === undefined ? {} : { tool_call_id }),
    ...(called === undefined ? {} : { function: called.function.name }),
  }
}

/** The same messages with calls as other layouts write them; null where Inspect could not read them. */
export function turnsOfInspect(messages: unknown): Turn[] | null {
  if (!Array.isArray(messages)) return null
  const turns: Turn[] = []
  for (const message of messages as unknown[]) {
    if (!isObject(message) || typeof message['role'] !== 'string' || typeof message['content'] !== 'string') return null
    const { role, content, tool_calls: calls } = message
    if (calls !== undefined && !(Array.isArray(calls) && calls.every(isCall))) return null
    const tool_calls = (calls as Call[] | undefined)?.map(({ id, function: name, arguments: given }) => ({
      id,
      function: { name, arguments: given },
    }))
    turns.push({ role, content, ...(tool_calls === undefined ? {} : { tool_calls }) })
  }
  return turns
}

interface Call {
  id: string
  function: string
  arguments: Record<string, unknown>
}

function isCall(value: unknown): value is Call {
  if (!isObject(value)) return false
  const { id, function: name, arguments: given } = value
  return typeof id === 'string' && typeof name === 'string' && isObject(given)
}
