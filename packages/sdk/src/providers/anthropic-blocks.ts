import type { JsonObject, JsonValue, Part, ServerToolCallPart, ToolCallPart } from '@flywheel/schema/wire'
import type { HoldBlob } from '../blobs.js'
import { asShape, asText, isShape, otherPart, type Shape, withExtra, withoutBytes } from './shape.js'

/** An image or a document: bytes by hash, the rest by address. */
function sourced(type: string, given: unknown, hold: HoldBlob): Part | null {
  const { type: kind, data, media_type, url, file_id, ...rest } = asShape(given)
  const beside = type === 'document' ? { type } : {}
  if (kind === 'base64' && typeof data === 'string') {
    return withExtra(hold(data, asText(media_type) ?? 'application/octet-stream'), rest)
  }
  if (kind === 'url' && typeof url === 'string') return withExtra({ type: 'uri', uri: url }, { ...rest, ...beside })
  if (kind === 'file' && typeof file_id === 'string') return withExtra({ type: 'file', file_id }, rest)
  if (kind === 'text' && typeof data === 'string') {
    return withExtra({ type: 'text', content: data }, { ...rest, ...beside, media_type })
  }
  return null
}

/** An object as the provider gave it, or the exact text of a stream. */
function argumentsOf(input: unknown): JsonObject | string | undefined {
  return isShape(input) ? (input as JsonObject) : asText(input)
}

function toolCall(block: Shape): Part | null {
  const { type: _, id, name, input, ...rest } = block
  const given = argumentsOf(input)
  if (given === undefined || typeof name !== 'string') return null
  const part: ToolCallPart = { type: 'tool_call', id: asText(id) ?? '', name, arguments: given }
  return withExtra(part, rest)
}

function serverToolCall(block: Shape): Part | null {
  const { id, name, ...rest } = block
  if (typeof id !== 'string' || typeof name !== 'string') return null
  const part: ServerToolCallPart = { type: 'server_tool_call', id, name, server_tool_call: rest as JsonObject }
  return part
}

/** A content block of a request or an answer as a part; what is unknown goes along verbatim, less its bytes. */
export function blockPart(value: unknown, hold: HoldBlob): Part {
  if (typeof value === 'string') return { type: 'text', content: value }
  const block = asShape(value)
  const { type, ...rest } = block
  return known(block, asText(type) ?? '', rest, hold) ?? otherPart(type, withoutBytes(value, hold))
}

function known(block: Shape, type: string, rest: Shape, hold: HoldBlob): Part | null {
  switch (type) {
    case 'text': {
      const { text, ...beside } = rest
      return typeof text === 'string' ? withExtra({ type: 'text', content: text }, beside) : null
    }
    case 'thinking': {
      const { thinking, signature, ...beside } = rest
      if (typeof thinking !== 'string') return null
      const part: Part = { type: 'reasoning', content: thinking }
      if (typeof signature === 'string' && signature) part.signature = signature
      return withExtra(part, beside)
    }
    // Encrypted: nobody can read it, but a later request must send it back.
    case 'redacted_thinking': {
      const { data, ...beside } = rest
      if (typeof data !== 'string') return null
      return withExtra({ type: 'reasoning', content: '', signature: data }, { ...beside, type })
    }
    case 'tool_use':
      return toolCall(block)
    case 'server_tool_use':
    case 'mcp_tool_use':
      return serverToolCall(block)
    case 'tool_result': {
      const { tool_use_id, content, ...beside } = rest
      const response = withoutBytes(content ?? null, hold) as JsonValue
      return withExtra({ type: 'tool_call_response', id: asText(tool_use_id) ?? '', response }, beside)
    }
    case 'image':
    case 'document': {
      const { source, ...beside } = rest
      const part = sourced(type, source, hold)
      return part && withExtra(part, beside)
    }
    case 'container_upload': {
      const { file_id, ...beside } = rest
      return typeof file_id === 'string' ? withExtra({ type: 'file', file_id }, { ...beside, type }) : null
    }
  }
  const { tool_use_id: id, ...result } = block
  if (!type.endsWith('_tool_result') || typeof id !== 'string') return null
  const server_tool_call_response = withoutBytes(result, hold) as JsonObject
  return { type: 'server_tool_call_response', id, server_tool_call_response }
}
