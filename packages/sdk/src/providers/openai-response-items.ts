import type { JsonObject, JsonValue, Message, Part, Role } from '@flywheel/schema/wire'
import { type HoldBlob, parseDataUrl } from '../blobs.js'
import { asArray, asShape, asText, isShape, otherPart, type Shape, withExtra } from './shape.js'

/** Tools that OpenAI runs, by the type of their item: the tool's name and which of its fields are its result. */
const SERVER_TOOLS: Record<string, { name: string; results: readonly string[] }> = {
  web_search_call: { name: 'web_search', results: ['results'] },
  file_search_call: { name: 'file_search', results: ['results'] },
  code_interpreter_call: { name: 'code_interpreter', results: ['outputs'] },
  image_generation_call: { name: 'image_generation', results: [] },
  mcp_call: { name: 'mcp', results: ['output', 'error'] },
}

/** Built-in tools that the host runs: their arguments are an object. */
const HOST_TOOLS: Record<string, string> = {
  computer_call: 'computer',
  local_shell_call: 'local_shell',
  shell_call: 'shell',
  apply_patch_call: 'apply_patch',
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || (Array.isArray(value) && value.length === 0)

/** What the client's own helpers put into an item that a host sends again. */
const PARSED = new Set(['parsed', 'parsed_arguments'])

/** What stands beside an item's known fields; that it is finished says nothing. */
function beside(rest: Shape): Shape {
  const isSaid = ([key, value]: [string, unknown]) =>
    !isEmpty(value) && !PARSED.has(key) && !(key === 'status' && value === 'completed')
  return Object.fromEntries(Object.entries(rest).filter(isSaid))
}

/** A copy in which each data URL has become a `blob` part: bytes never travel. */
export function withoutDataUrls(value: unknown, hold: HoldBlob): JsonValue {
  if (Array.isArray(value)) return value.map((inner) => withoutDataUrls(inner, hold))
  if (isShape(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutDataUrls(inner, hold)]))
  }
  const inline = typeof value === 'string' ? parseDataUrl(value) : null
  return inline ? { ...(hold(inline.data, inline.mediaType) as unknown as JsonObject) } : (value as JsonValue)
}

function imagePart({ image_url, file_id, ...rest }: Shape, raw: unknown, hold: HoldBlob): Part {
  if (typeof image_url === 'string') {
    const inline = parseDataUrl(image_url)
    return withExtra(inline ? hold(inline.data, inline.mediaType) : { type: 'uri', uri: image_url }, rest)
  }
  return typeof file_id === 'string' ? withExtra({ type: 'file', file_id }, rest) : otherPart('input_image', raw)
}

function filePart({ file_id, file_data, file_url, ...rest }: Shape, raw: unknown, hold: HoldBlob): Part {
  if (typeof file_id === 'string') return withExtra({ type: 'file', file_id }, rest)
  if (typeof file_url === 'string') return withExtra({ type: 'uri', uri: file_url }, rest)
  if (typeof file_data !== 'string') return otherPart('input_file', raw)
  const { data, mediaType } = parseDataUrl(file_data) ?? { data: file_data, mediaType: 'application/octet-stream' }
  return withExtra(hold(data, mediaType), rest)
}

/** One element of a message's content. */
function contentPart(value: unknown, hold: HoldBlob): Part {
  const { type, ...rest } = asShape(value)
  if ((type === 'input_text' || type === 'output_text' || type === 'text') && typeof rest['text'] === 'string') {
    const { text, ...more } = rest
    return withExtra({ type: 'text', content: text as string }, beside(more))
  }
  if (type === 'refusal' && typeof rest['refusal'] === 'string') return { type: 'refusal', content: rest['refusal'] }
  if (type === 'input_image') return imagePart(rest, value, hold)
  if (type === 'input_file') return filePart(rest, value, hold)
  if (type === 'input_audio') {
    const { data, format } = asShape(rest['input_audio'])
    if (typeof data === 'string') return hold(data, `audio/${String(format)}`)
  }
  return otherPart(type, withoutDataUrls(value, hold))
}

/** The text of a list of `{ text }`, one paragraph each. */
const paragraphs = (value: unknown): string =>
  asArray(value)
    .map((each) => asText(asShape(each)['text']) ?? '')
    .filter(Boolean)
    .join('\n\n')

/** What the model thought; a summary of it is marked, and what only OpenAI can read is the signature. */
function reasoningPart({ summary, content, encrypted_content, ...rest }: Shape): Part {
  const [thought, short] = [paragraphs(content), paragraphs(summary)]
  const part: Part = { type: 'reasoning', content: thought || short }
  if (typeof encrypted_content === 'string') part.signature = encrypted_content
  return withExtra(part, { ...beside(rest), ...(short && (thought ? { summary: short } : { is_summary: true })) })
}

function serverToolParts(type: string, { id, name, ...rest }: Shape, hold: HoldBlob): Part[] {
  const tool = SERVER_TOOLS[type] as { name: string; results: readonly string[] }
  const callId = asText(id) ?? ''
  const toolName = asText(name) ?? tool.name
  const given = { type, ...beside(rest) } as Shape
  const picture = type === 'image_generation_call' ? asText(given['result']) : undefined
  if (picture !== undefined) delete given['result']
  const result: Shape = {}
  for (const field of tool.results) {
    if (!(field in given)) continue
    result[field] = given[field]
    delete given[field]
  }
  const call = withoutDataUrls(given, hold) as JsonObject
  const parts: Part[] = [{ type: 'server_tool_call', id: callId, name: toolName, server_tool_call: call }]
  if (Object.keys(result).length > 0) {
    const response = withoutDataUrls({ type, ...result }, hold) as JsonObject
    parts.push({ type: 'server_tool_call_response', id: callId, server_tool_call_response: response })
  }
  if (picture !== undefined) parts.push(hold(picture, `image/${asText(given['output_format']) ?? 'png'}`))
  return parts
}

/** A tool call that the host answers, with the model's exact string of arguments. */
function toolCallPart(type: string, item: Shape): Part | null {
  const { call_id, name, arguments: text, input, ...rest } = item
  const id = asText(call_id) ?? asText(item['id']) ?? ''
  if (type === 'function_call' && typeof name === 'string' && typeof text === 'string')
    return withExtra({ type: 'tool_call', id, name, arguments: text }, beside(rest))
  if (type === 'custom_tool_call' && typeof name === 'string' && typeof input === 'string')
    return withExtra({ type: 'tool_call', id, name, arguments: input }, { type: 'custom', ...beside(rest) })
  const builtIn = HOST_TOOLS[type]
  if (!builtIn) return null
  const { id: itemId, status, ...action } = rest
  const part: Part = { type: 'tool_call', id, name: builtIn, arguments: beside(action) as JsonObject }
  return withExtra(part, { type, ...beside({ id: itemId, status }) })
}

const ROLES: Record<string, Role> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
}

function messageItem({ role, content, id, name, ...rest }: Shape, hold: HoldBlob): Message {
  const known = ROLES[String(role)]
  const parts = Array.isArray(content)
    ? content.map((part) => contentPart(part, hold))
    : [typeof content === 'string' ? ({ type: 'text', content } as const) : otherPart('content', content ?? null)]
  // The id is what a later request's item reference names.
  const first = parts[0]
  if (first) withExtra(first, { ...beside({ id, ...rest }), ...(known ? {} : { role }) })
  return { role: known ?? 'user', parts, ...(typeof name === 'string' ? { name } : {}) }
}

/** One item of an input or an output, as the message that it is or belongs to. */
export function itemMessage(value: unknown, hold: HoldBlob): Message {
  const { type, ...item } = asShape(value)
  const kind = asText(type) ?? 'message'
  if (kind === 'message' && ('content' in item || 'role' in item)) return messageItem(item, hold)
  if (kind === 'reasoning') return { role: 'assistant', parts: [reasoningPart(item)] }
  if (SERVER_TOOLS[kind]) return { role: 'assistant', parts: serverToolParts(kind, item, hold) }
  const call = toolCallPart(kind, item)
  if (call) return { role: 'assistant', parts: [call] }
  if (kind.endsWith('_call_output') && 'output' in item) {
    const { call_id, id, output, ...rest } = item
    const answered = asText(call_id) ?? asText(id) ?? ''
    const part: Part = { type: 'tool_call_response', id: answered, response: withoutDataUrls(output, hold) }
    return { role: 'tool', parts: [withExtra(part, beside({ ...rest, id: call_id === undefined ? undefined : id }))] }
  }
  const role = kind === 'mcp_approval_response' || kind === 'additional_tools' ? 'user' : 'assistant'
  return { role, parts: [otherPart(kind, withoutDataUrls(value, hold))] }
}

/** Items as messages: what the model made in one go is one message, as it was one output before. */
export function itemMessages(items: readonly unknown[], hold: HoldBlob): Message[] {
  const messages: Message[] = []
  for (const item of items) {
    const message = itemMessage(item, hold)
    const last = messages.at(-1)
    if (last?.role === 'assistant' && message.role === 'assistant') last.parts.push(...message.parts)
    else messages.push(message)
  }
  return messages
}
