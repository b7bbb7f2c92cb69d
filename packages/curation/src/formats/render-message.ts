import type { ChatMessage } from '../prompt/chat.js'
import { canonicalJson } from '../text/canonical-json.js'
import type { MessageLayout } from './message-layout.js'

/** A message for chat templates: arguments are an object, or a JSON string where the calls of the file differ. */
export function templateMessage(message: ChatMessage, layout: MessageLayout): Record<string, unknown> {
  const { tool_calls, ...rest } = message
  if (tool_calls === undefined) return rest
  return {
    ...rest,
    tool_calls: tool_calls.map((call) => ({
      ...call,
      function: {
        name: call.function.name,
        arguments: layout.arguments === 'json' ? canonicalJson(call.function.arguments) : call.function.arguments,
      },
    })),
  }
}

/** A message in OpenAI's form: arguments are a JSON string, a call without text has no content. */
export function openaiMessage(message: ChatMessage): Record<string, unknown> {
  const { tool_calls, content, reasoning_content: _, ...rest } = message
  if (tool_calls === undefined) return { ...rest, content }
  return {
    ...rest,
    ...(content === '' ? {} : { content }),
    tool_calls: tool_calls.map(({ type, id, function: { name, arguments: given } }) => ({
      type,
      id,
      function: { name, arguments: canonicalJson(given) },
    })),
  }
}

/** A message of text alone. */
export function textMessage({ role, content }: ChatMessage): { role: string; content: string } {
  return { role, content }
}
