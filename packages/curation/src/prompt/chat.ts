import type { JsonObject, JsonValue, Message, Part } from '@flywheel/schema'
import { canonicalJson } from '../text/canonical-json.js'
import { normaliseText } from '../text/normalise.js'
import { rememberEach } from '../text/remember.js'
import { canonicalArguments } from './canonical-prompt.js'
import { holdsMedia } from './media.js'
import type { Exchange } from './message.js'

/** A tool call as chat templates read it: the arguments are an object. */
export interface ChatToolCall {
  type: 'function'
  id: string
  function: { name: string; arguments: JsonObject }
}

/** One message of TRL's conversational format. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string
  name?: string
  /** What the model thought, where the recipe keeps it. */
  reasoning_content?: string
  tool_calls?: ChatToolCall[]
  tool_call_id?: string
}

/** Why a message cannot be rendered for a trainer. */
export type Unrenderable = 'blob_not_stored' | 'part_not_renderable' | 'arguments_not_an_object'

class ChatError extends Error {
  readonly reason: Unrenderable
  constructor(reason: Unrenderable) {
    super(reason)
    this.reason = reason
  }
}

function toolArguments(value: JsonObject | string): JsonObject {
  // Some providers write no arguments as an empty string.
  const parsed: JsonValue = value === '' ? {} : canonicalArguments(value)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ChatError('arguments_not_an_object')
  }
  return parsed
}

type CallIds = Map<string, string>

// A provider's call id differs between two samples and would tell them apart: number them instead.
function callId(ids: CallIds, id: string): string {
  const known = ids.get(id)
  if (known !== undefined) return known
  const made = `call_${ids.size + 1}`
  ids.set(id, made)
  return made
}

function content(parts: readonly Part[]): string {
  return normaliseText(
    parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.content : '')).join(''),
  )
}

function reasoning(parts: readonly Part[]): string {
  return normaliseText(parts.flatMap((part) => (part.type === 'reasoning' ? [part.content] : [])).join('\n'))
}

function chatMessages(message: Message, ids: CallIds, keepsReasoning: boolean): ChatMessage[] {
  const chat: ChatMessage[] = []
  const calls: ChatToolCall[] = []
  for (const part of message.parts) {
    // Never trained as text alone.
    if (holdsMedia(part)) throw new ChatError('blob_not_stored')
    if (part.type === 'tool_call') {
      const call = { name: part.name, arguments: toolArguments(part.arguments) }
      calls.push({ type: 'function', id: callId(ids, part.id), function: call })
    } else if (part.type === 'tool_call_response') {
      // A response that is absent says nothing; JSON has no form for it.
      const text = typeof part.response === 'string' ? part.response : canonicalJson(part.response ?? null)
      chat.push({ role: 'tool', content: normaliseText(text), tool_call_id: callId(ids, part.id) })
    } else if (part.type !== 'text' && part.type !== 'refusal' && part.type !== 'reasoning') {
      throw new ChatError('part_not_renderable')
    }
  }
  const text = content(message.parts)
  if (message.role === 'tool' && chat.length > 0) return chat
  const role = message.role === 'developer' ? 'system' : message.role
  const rendered: ChatMessage = { role, content: text }
  if (message.name !== undefined) rendered.name = message.name
  const thought = keepsReasoning && role === 'assistant' ? reasoning(message.parts) : ''
  if (thought.trim() !== '') rendered.reasoning_content = thought
  if (calls.length > 0) rendered.tool_calls = calls
  if (text === '' && calls.length === 0 && chat.length > 0) return chat
  return [...chat, rendered]
}

/** A prompt and its completions as a trainer reads them. */
export interface Chat {
  prompt: ChatMessage[]
  completions: ChatMessage[]
}

/** A rendered prompt, and what is rendered after it. */
interface Asked {
  readonly prompt: ChatMessage[]
  /** A completion; null where it is more than one message. */
  readonly side: (message: Message) => ChatMessage | null
}

function renderPrompt({ system: parts, messages }: Prompt, keepsReasoning: boolean): Asked {
  const ids: CallIds = new Map()
  const system = content(parts)
  if (parts.some((part) => part.type !== 'text')) throw new ChatError('part_not_renderable')
  const prompt: ChatMessage[] = system === '' ? [] : [{ role: 'system', content: system }]
  for (const message of messages) prompt.push(...chatMessages(message, ids, keepsReasoning))
  const side = rememberEach((message: Message) => {
    const chat = chatMessages({ ...message, role: 'assistant' }, new Map(ids), keepsReasoning)
    return chat.length === 1 ? chat[0]! : null
  })
  return { prompt, side }
}

type Prompt = Pick<Exchange, 'system' | 'messages'>

// Several candidates are made of one exchange: what is the same object is redacted, hashed and measured once.
const withReasoning = rememberEach((prompt: Prompt) => renderPrompt(prompt, true))
const withoutReasoning = rememberEach((prompt: Prompt) => renderPrompt(prompt, false))

/**
 * Renders a prompt and any number of completions in TRL's conversational form: reasoning left out unless it is
 * asked for, and then on every side or on none; tool calls numbered alike on every side. Returns the reason where a part has no text form. The same
 * messages are the same objects each time, so nobody may change them.
 */
export function renderChat(
  exchange: Prompt,
  completions: readonly Message[],
  keepsReasoning = false,
): Chat | Unrenderable {
  try {
    const { prompt, side } = keepsReasoning ? withReasoning(exchange) : withoutReasoning(exchange)
    const sides = completions.map(side)
    if (sides.some((side) => side === null)) return 'part_not_renderable'
    return { prompt, completions: withEvenReasoning(sides as ChatMessage[]) }
  } catch (error) {
    if (error instanceof ChatError) return error.reason
    throw error
  }
}

// Who thought aloud would be told by that alone.
function withEvenReasoning(sides: ChatMessage[]): ChatMessage[] {
  if (sides.every((side) => side.reasoning_content !== undefined)) return sides
  return sides.map((side) => {
    if (side.reasoning_content === undefined) return side
    const { reasoning_content: _, ...plain } = side
    return plain
  })
}

/** RFC 8785 text of a message, made once: several gates compare and hash it. */
export const messageJson: (message: ChatMessage) => string = rememberEach((message) => canonicalJson(message))

/** Everything a side says, as one text: for distances, lengths and comparison. */
export function sideText(message: ChatMessage): string {
  if (message.tool_calls === undefined) return message.content
  const calls = message.tool_calls.map((call) => `${call.function.name} ${canonicalJson(call.function.arguments)}`)
  return [message.content, ...calls].filter((text) => text !== '').join('\n')
}
