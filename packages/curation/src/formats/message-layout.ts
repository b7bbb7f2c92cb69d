import type { ChatMessage } from '../prompt/chat.js'
import type { CuratedRow } from '../row.js'

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

/** Decides how the messages of all rows of one part are laid out, row by row. */
export class MessageLayoutBuilder {
  readonly #seen = {
    hasTools: false,
    hasNames: false,
    hasReasoning: false,
    hasToolCalls: false,
    hasToolCallIds: false,
  }
  /** Names and types of the arguments of every call so far; null before the first. */
  #arguments: string | null = null
  #differs = false

  add(row: CuratedRow): void {
    const seen = this.#seen
    seen.hasTools ||= row.tools.length > 0
    for (const message of messagesOf(row)) {
      seen.hasNames ||= message.name !== undefined
      seen.hasReasoning ||= message.reasoning_content !== undefined
      seen.hasToolCalls ||= message.tool_calls !== undefined
      seen.hasToolCallIds ||= message.tool_call_id !== undefined
      for (const call of message.tool_calls ?? []) this.#addArguments(call.function.arguments)
    }
  }

  #addArguments(given: Record<string, unknown>): void {
    if (this.#differs) return
    const keys = Object.keys(given).sort()
    const types = keys.map((key) => [key, argumentType(given[key])])
    const text = JSON.stringify(types)
    // An empty object has no Parquet form, `__proto__` no safe one.
    const hasNoForm = keys.length === 0 || keys.includes('__proto__') || types.some(([, type]) => type === null)
    this.#differs = hasNoForm || (this.#arguments !== null && this.#arguments !== text)
    this.#arguments = text
  }

  finish(): MessageLayout {
    const isJson = this.#differs || this.#arguments === null
    return {
      ...this.#seen,
      arguments: isJson ? 'json' : Object.fromEntries(JSON.parse(this.#arguments!) as [string, ArgumentType][]),
    }
  }
}
