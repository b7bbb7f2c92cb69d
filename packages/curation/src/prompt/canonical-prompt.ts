import type { JsonValue, Message, Part } from '@flywheel/schema'
import { canonicalJson, sha256 } from '../text/canonical-json.js'
import { isTooDeep } from '../text/depth.js'
import { normaliseText } from '../text/normalise.js'
import type { Exchange } from './message.js'

/** Raised when the same prompt would hash differently; it is in every export id. */
export const CANONICAL_PROMPT_VERSION = 2

// Beyond 15 digits JSON.parse rounds: two different numbers would become one.
const LONG_NUMBER = /\d{16}/

/** Tool arguments in the form in which they are compared: key order and spacing of a JSON string do not count. */
export function canonicalArguments(value: JsonValue): JsonValue {
  if (typeof value !== 'string' || LONG_NUMBER.test(value)) return value
  try {
    const parsed = JSON.parse(value) as JsonValue
    return isTooDeep(parsed) ? value : parsed
  } catch {
    return value
  }
}

type CallIds = Map<string, string>

// A provider draws the ids of tool calls anew for each sample: their order is what they say.
function canonicalId(ids: CallIds, id: string): string {
  const known = ids.get(id) ?? `call_${ids.size + 1}`
  ids.set(id, known)
  return known
}

function canonicalPart(part: Part, ids: CallIds): object | null {
  // What the model thought on an earlier turn is not sent again by most hosts, and never trained on.
  if (part.type === 'reasoning') return null
  const { extra: _, ...rest } = part
  if (rest.type === 'text' || rest.type === 'refusal') return { ...rest, content: normaliseText(rest.content) }
  if (rest.type === 'tool_call') {
    return { ...rest, id: canonicalId(ids, rest.id), arguments: canonicalArguments(rest.arguments) }
  }
  if (rest.type === 'tool_call_response') return { ...rest, id: canonicalId(ids, rest.id) }
  return rest
}

function canonicalParts(parts: readonly Part[], ids: CallIds): object[] {
  const joined: { type?: string; content?: string }[] = []
  for (const part of parts.map((each) => canonicalPart(each, ids))) {
    const last = joined.at(-1)
    if (part === null) continue
    if (last?.type === 'text' && 'type' in part && part.type === 'text' && 'content' in part) {
      last.content = `${last.content}${String(part.content)}`
    } else joined.push({ ...part })
  }
  return joined
}

/** A message without what does not change its meaning. */
function canonicalMessage(message: Message, ids: CallIds): object {
  return { ...message, parts: canonicalParts(message.parts, ids) }
}

/** SHA-256 over system prompt, tools and messages: two samples may be compared only where it is the same. */
export function promptHash(exchange: Pick<Exchange, 'system' | 'tools' | 'messages'>): string {
  const ids: CallIds = new Map()
  return sha256(
    canonicalJson({
      system: canonicalParts(exchange.system, ids),
      tools: exchange.tools,
      messages: exchange.messages.map((message) => canonicalMessage(message, ids)),
    }),
  )
}

/**
 * Hash of the first user turn alone: the prompt cluster, within which rows must not cross splits. The system prompt
 * is left out, because one that all share would join everything.
 */
export function promptCluster(exchange: Pick<Exchange, 'messages'>): string {
  const first = exchange.messages.find((message) => message.role === 'user')
  const ids: CallIds = new Map()
  const messages = first === undefined ? exchange.messages : [first]
  return sha256(canonicalJson(messages.map((message) => canonicalMessage(message, ids))))
}
