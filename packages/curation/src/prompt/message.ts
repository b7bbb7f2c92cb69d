import type { Message, Part, ToolDefinition } from '@flywheel/schema'
import type { InteractionBody } from '../evidence/evidence.js'

/** The bodies of an interaction, parsed. */
export interface Exchange {
  id: string
  system: Part[]
  messages: Message[]
  tools: ToolDefinition[]
  outputs: Message[]
}

function parseList<T>(text: string): T[] {
  if (text === '') return []
  const value: unknown = JSON.parse(text)
  return Array.isArray(value) ? (value as T[]) : []
}

/** Parses the JSON columns of an interaction; what is absent is empty. */
export function parseExchange(body: InteractionBody): Exchange {
  return {
    id: body.id,
    system: parseList<Part>(body.system),
    messages: parseList<Message>(body.messages),
    tools: parseList<ToolDefinition>(body.tools),
    outputs: parseList<Message>(body.outputs),
  }
}

/** The text of a message as a person reads it: its text parts, without reasoning and tool calls. */
export function textOf(message: Message): string {
  return message.parts.map((part) => (part.type === 'text' ? part.content : '')).join('')
}
