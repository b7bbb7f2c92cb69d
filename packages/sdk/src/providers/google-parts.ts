import type { JsonObject, JsonValue, Message, Part, Role } from '@flywheel/schema/wire'
import type { HoldBlob } from '../blobs.js'
import { gatherArguments } from './google-arguments.js'
import { asArray, asShape, asText, isShape, otherPart, type Shape, withExtra, withoutBytes } from './shape.js'

/**
 * Names calls and their responses that carry no id, which is most of them: the first call of `f` is `f`, the next `f#2`,
 * and so are the responses, which the API matches by name and order.
 */
export class CallNames {
  readonly #counts = new Map<string, number>()

  of(kind: 'call' | 'response', id: unknown, name: unknown): string {
    if (typeof id === 'string' && id) return id
    const key = `${kind} ${String(name)}`
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    return count === 1 ? String(name ?? '') : `${String(name)}#${count}`
  }
}

/** One part of a content; what is unknown goes along verbatim, less its bytes. */
export function contentPart(value: unknown, names: CallNames, hold: HoldBlob): Part {
  if (typeof value === 'string') return { type: 'text', content: value }
  return known(asShape(value), names, hold) ?? otherPart(Object.keys(asShape(value))[0], withoutBytes(value, hold))
}

function known(shape: Shape, names: CallNames, hold: HoldBlob): Part | null {
  const { text, inlineData, fileData, functionCall, functionResponse, thought, thoughtSignature, ...rest } = shape
  if (typeof text === 'string') {
    if (!thought) return withExtra({ type: 'text', content: text }, { thoughtSignature, ...rest })
    const part: Part = { type: 'reasoning', content: text }
    if (typeof thoughtSignature === 'string' && thoughtSignature) part.signature = thoughtSignature
    return withExtra(part, rest)
  }
  // Beside anything but a text, both are the part's own.
  const beside = { ...rest, thought, thoughtSignature }
  if (isShape(functionCall)) {
    const { id, name, args, partialArgs, willContinue: _, ...more } = functionCall
    const called = { type: 'tool_call', id: names.of('call', id, name), name: asText(name) ?? '' } as const
    const given = partialArgs ? gatherArguments(args, partialArgs) : (asShape(args) as JsonObject)
    return withExtra({ ...called, arguments: given }, { ...more, ...beside })
  }
  if (isShape(functionResponse)) {
    const { id, response, ...more } = functionResponse
    const answered = { type: 'tool_call_response', id: names.of('response', id, more['name']) } as const
    const extra = withoutBytes({ ...more, ...beside }, hold) as Shape
    return withExtra({ ...answered, response: withoutBytes(response ?? null, hold) as JsonValue }, extra)
  }
  if (isShape(inlineData) && typeof inlineData['data'] === 'string') {
    const { data, mimeType, ...more } = inlineData
    const mediaType = asText(mimeType) ?? 'application/octet-stream'
    return withExtra(hold(inlineData['data'], mediaType), { ...more, ...beside })
  }
  if (isShape(fileData) && typeof fileData['fileUri'] === 'string') {
    const { fileUri, mimeType, ...more } = fileData
    const part: Part = { type: 'uri', uri: fileData['fileUri'] }
    if (typeof mimeType === 'string') part.media_type = mimeType
    return withExtra(part, { ...more, ...beside })
  }
  return serverTool(shape, hold)
}

/** What the server ran itself: its own code, and its own tools. */
function serverTool(shape: Shape, hold: HoldBlob): Part | null {
  const { executableCode, codeExecutionResult, toolCall, toolResponse, ...rest } = shape
  const call = executableCode ?? toolCall
  if (isShape(call)) {
    const name = executableCode ? 'code_execution' : (asText(call['toolType']) ?? 'server_tool')
    const server_tool_call = call as JsonObject
    return withExtra({ type: 'server_tool_call', id: asText(call['id']) ?? name, name, server_tool_call }, rest)
  }
  const result = codeExecutionResult ?? toolResponse
  if (!isShape(result)) return null
  const name = codeExecutionResult ? 'code_execution' : (asText(result['toolType']) ?? 'server_tool')
  const server_tool_call_response = withoutBytes(result, hold) as JsonObject
  const id = asText(result['id']) ?? name
  return withExtra({ type: 'server_tool_call_response', id, server_tool_call_response }, rest)
}

const ROLES: Record<string, Role> = {
  user: 'user',
  model: 'assistant',
  system: 'system',
  function: 'tool',
  tool: 'tool',
}

const isContent = (value: unknown): value is Shape => isShape(value) && Array.isArray(value['parts'])

function message(content: Shape, names: CallNames, hold: HoldBlob): Message {
  const { role, parts: given, ...rest } = content
  const parts = asArray(given).map((part) => contentPart(part, names, hold))
  const isTools = parts.length > 0 && parts.every((part) => part.type === 'tool_call_response')
  const known = role === undefined ? 'user' : ROLES[String(role)]
  for (const [key, unknown] of Object.entries(rest)) {
    if (unknown !== null && unknown !== undefined) parts.push(otherPart(key, unknown))
  }
  if (!known) parts.push(otherPart('role', role ?? null))
  return { role: isTools && known === 'user' ? 'tool' : (known ?? 'user'), parts }
}

/** `contents` in any of its forms: a text, a part, a content, or a list of them; parts in a row are one message. */
export function contentMessages(value: unknown, names: CallNames, hold: HoldBlob): Message[] {
  const messages: Message[] = []
  let loose: Shape[] = []
  const close = () => {
    if (loose.length > 0) messages.push(message({ parts: loose }, names, hold))
    loose = []
  }
  for (const item of Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]) {
    if (isContent(item)) {
      close()
      messages.push(message(item, names, hold))
    } else loose.push(item as Shape)
  }
  close()
  return messages
}
