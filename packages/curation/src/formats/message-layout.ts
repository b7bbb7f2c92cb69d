import type { CuratedRow } from '../curate.js'
import type { ChatMessage } from '../prompt/chat.js'

/** Type of one tool argument where it is the same in every call of a file. */
export type ArgumentType = 'string' | 'integer' | 'number' | 'boolean'

/**
 * Which keys the messages of a file have. Arrow unions the keys of objects and fills them with null, and refuses a key
 * of two types: where calls differ, arguments are JSON strings.
 */
export interface MessageLayout {
  hasTools: boolean
  hasNames: boolean
  hasReasoning: boolean
  hasToolCalls: boolean
  hasToolCallIds: boolean
  /** Arguments as an object of these types, or as JSON strings. */
  arguments: Record<string, ArgumentType> | 'json'
}

function messagesOf(row: CuratedRow): ChatMessage[] {
  return [...row.prompt, row.chosen, ...(row.rejected === undefined ? [] : [row.rejected])]
}

function argumentType(value: unknown): ArgumentType | null {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value !== 'number') return null
  return Number.isSafeInteger(value) ? 'integer' : 'number'
}

function argumentLayout(messages: readonly ChatMessage[]): Record<string, ArgumentType> | 'json' {
  const calls = messages.flatMap((message) => message.tool_calls ?? [])
  let layout: string | null = null
  for (const call of calls) {
    const keys = Object.keys(call.function.arguments).sort()
    const types = keys.map((key) => [key, argumentType(call.function.arguments[key])])
    const text = JSON.stringify(types)
    // An empty object has no Parquet form, `__proto__` no safe one.
    if (keys.length === 0 || keys.includes('__proto__') || types.some(([, type]) => type === null)) return 'json'
    if (layout !== null && layout !== text) return 'json'
    layout = text
  }
  return layout === null ? 'json' : Object.fromEntries(JSON.parse(layout) as [string, ArgumentType][])
}

/** Decides how the messages of all rows of one part are laid out. */
export function messageLayout(rows: readonly CuratedRow[]): MessageLayout {
  const messages = rows.flatMap(messagesOf)
  return {
    hasTools: rows.some((row) => row.tools.length > 0),
    hasNames: messages.some((message) => message.name !== undefined),
    hasReasoning: messages.some((message) => message.reasoning_content !== undefined),
    hasToolCalls: messages.some((message) => message.tool_calls !== undefined),
    hasToolCallIds: messages.some((message) => message.tool_call_id !== undefined),
    arguments: argumentLayout(messages),
  }
}
