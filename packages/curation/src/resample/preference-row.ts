import { isObject } from '../formats/conversation.js'
import { openaiMessage } from '../formats/render-message.js'
import type { TargetRecord } from '../formats/target.js'
import type { ChatMessage } from '../prompt/chat.js'
import type { CuratedRow, RowMeta } from '../row.js'

function parsed(value: unknown): unknown {
  return typeof value === 'string' ? (JSON.parse(value) as unknown) : value
}

function messageOf(given: unknown): ChatMessage {
  const message = given as ChatMessage
  if (message.tool_calls === undefined) return message
  return {
    ...message,
    tool_calls: message.tool_calls.map((call) => {
      const { name, arguments: told } = call.function
      const read = parsed(told)
      if (!isObject(read)) throw new SyntaxError('arguments of a call are no object')
      return { ...call, function: { name, arguments: read as never } }
    }),
  }
}

function messagesOf(value: unknown): ChatMessage[] {
  if (!Array.isArray(value)) throw new SyntaxError('a column of messages is no list')
  return value.map(messageOf)
}

/**
 * The row of which a record of the target `trl` was written, with its sidecar; `validateRecords` must have passed it.
 * @throws SyntaxError for a record that is no preference
 */
export function preferenceRow(record: TargetRecord, meta: RowMeta): CuratedRow {
  const [chosen] = messagesOf(record['chosen'])
  const [rejected] = messagesOf(record['rejected'])
  if (chosen === undefined || rejected === undefined) throw new SyntaxError('a side is empty')
  const tools = parsed(record['tools'] ?? [])
  return {
    shape: 'preference',
    prompt: messagesOf(record['prompt']),
    tools: Array.isArray(tools) ? tools : [],
    chosen,
    rejected,
    event_ids: [],
    meta,
  }
}

/** What a chat completions endpoint is asked for a row: its prompt and tools, as the model in production saw them. */
export function chatRequest({ prompt, tools }: CuratedRow): { messages: unknown[]; tools?: unknown[] } {
  return { messages: prompt.map(openaiMessage), ...(tools.length === 0 ? {} : { tools }) }
}
