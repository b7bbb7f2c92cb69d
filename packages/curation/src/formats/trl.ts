import type { CuratedRow } from '../curate.js'
import type { Shape } from '../draft.js'
import type { ChatMessage } from '../prompt/chat.js'
import { canonicalJson } from '../text/canonical-json.js'

/** Type of one tool argument where it is the same in every call of a file. */
export type ArgumentType = 'string' | 'integer' | 'number' | 'boolean'

/**
 * How the rows of one shape are laid out, decided over all of them, so that every shard has the same columns.
 * Arrow unions the keys of objects and fills them with null, and refuses a key of two types: where calls differ,
 * arguments are JSON strings.
 */
export interface TrlLayout {
  shape: Shape
  hasTools: boolean
  hasNames: boolean
  hasToolCalls: boolean
  hasToolCallIds: boolean
  /** Arguments as an object of these types, or as JSON strings. */
  arguments: Record<string, ArgumentType> | 'json'
}

/** A message as it stands in a file. */
export type TrlMessage = Record<string, unknown>

/** One line of a file: `prompt` and `chosen`, `rejected`; or `completion`, `label`; or `completion`. */
export type TrlRecord = Record<string, unknown>

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

/** Decides the layout of all rows of one shape. */
export function trlLayout(shape: Shape, rows: readonly CuratedRow[]): TrlLayout {
  const messages = rows.flatMap(messagesOf)
  return {
    shape,
    hasTools: rows.some((row) => row.tools.length > 0),
    hasNames: messages.some((message) => message.name !== undefined),
    hasToolCalls: messages.some((message) => message.tool_calls !== undefined),
    hasToolCallIds: messages.some((message) => message.tool_call_id !== undefined),
    arguments: argumentLayout(messages),
  }
}

function renderMessage(message: ChatMessage, layout: TrlLayout): TrlMessage {
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

/** One row in TRL's conversational form with an explicit prompt, its keys in a fixed order. */
export function renderTrl(row: CuratedRow, layout: TrlLayout): TrlRecord {
  const render = (messages: readonly ChatMessage[]): TrlMessage[] =>
    messages.map((message) => renderMessage(message, layout))
  const record: TrlRecord = { prompt: render(row.prompt) }
  if (row.shape === 'preference') {
    record['chosen'] = render([row.chosen])
    record['rejected'] = render(row.rejected === undefined ? [] : [row.rejected])
  } else record['completion'] = render([row.chosen])
  if (row.shape === 'unpaired') record['label'] = row.label === true
  if (layout.hasTools) record['tools'] = canonicalJson(row.tools)
  return record
}
