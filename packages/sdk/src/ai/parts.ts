import type { JsonObject, JsonValue, Part } from '@flywheel/schema/wire'
import { type HoldBlob, parseDataUrl } from '../blobs.js'
import { asArray, asShape, asText, isShape, otherPart, type Shape, withExtra } from '../providers/shape.js'

/** Bytes behind whatever a host passes as binary data, without a copy; null for anything else. */
function bytesOf(data: unknown): Uint8Array | null {
  if (data instanceof Uint8Array) return data
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  return null
}

/** A URL, a data URL, base64 or bytes, as the parts of the prompt and the answer carry them. */
function filePart(data: unknown, mediaType: string | undefined, rest: Shape, hold: HoldBlob): Part {
  const bytes = bytesOf(data)
  if (bytes) return withExtra(hold(bytes, mediaType ?? 'application/octet-stream'), rest)
  if (data instanceof URL || (typeof data === 'string' && /^(?:https?|data|gs|s3):/i.test(data))) {
    const url = String(data)
    const inline = parseDataUrl(url)
    // What the URL says of itself is more exact than `image/*`.
    if (inline) return withExtra(hold(inline.data, inline.mediaType), rest)
    return withExtra({ type: 'uri', uri: url, ...(mediaType ? { media_type: mediaType } : {}) }, rest)
  }
  if (typeof data === 'string') return withExtra(hold(data, mediaType ?? 'application/octet-stream'), rest)
  // From version 4 of the specification on, data says itself what it is.
  const { type, ...tagged } = asShape(data)
  if (type === 'data') return filePart(tagged['data'], mediaType, rest, hold)
  if (type === 'url') return filePart(tagged['originalUrl'] ?? tagged['url'], mediaType, rest, hold)
  if (type === 'text' && typeof tagged['text'] === 'string')
    return withExtra({ type: 'text', content: tagged['text'] }, { mediaType, ...rest })
  if (type === 'reference') {
    const [id] = Object.values(asShape(tagged['reference']))
    if (typeof id === 'string') return withExtra({ type: 'file', file_id: id }, { mediaType, ...rest })
  }
  // A file of `generateText`'s result: its bytes are decoded when somebody asks for them.
  const base64 = asText(asShape(data)['base64Data']) ?? asText(asShape(data)['base64'])
  if (base64 !== undefined) return filePart(base64, mediaType, rest, hold)
  return otherPart('file', { mediaType, ...rest })
}

/** What a tool returned. Pictures inside it become hashes: as numbers or base64 they would be the record's bulk. */
function toolOutput(output: unknown, hold: HoldBlob): { response: JsonValue; isError: boolean } {
  const { type, value, ...rest } = asShape(output)
  if (type === 'text' || type === 'json') return { response: (value ?? null) as JsonValue, isError: false }
  if (type === 'error-text' || type === 'error-json') return { response: (value ?? null) as JsonValue, isError: true }
  if (type === 'content') {
    const parts = asArray(value).map((part) => contentPart(part, hold)) as unknown as JsonValue
    return { response: { type: 'content', value: parts, ...rest } as JsonValue, isError: false }
  }
  return { response: (output ?? null) as JsonValue, isError: false }
}

/** `arguments` as the model wrote them: a text stays the exact text, an object stays an object. */
function callArguments(input: unknown): string | JsonObject {
  if (typeof input === 'string') return input
  return isShape(input) ? (input as JsonObject) : (JSON.stringify(input ?? {}) ?? '{}')
}

/** A value that tools exchange, as an object: server tools of the contract take nothing else. */
const asObject = (value: unknown, key: string): JsonObject =>
  (isShape(value) ? value : { [key]: (value ?? null) as JsonValue }) as JsonObject

function toolCallPart(part: Shape): Part {
  const { type: _type, toolCallId, toolName, input, args, providerExecuted, ...rest } = part
  const id = asText(toolCallId) ?? ''
  const name = asText(toolName) ?? ''
  const given = input ?? args
  if (providerExecuted === true)
    return withExtra({ type: 'server_tool_call', id, name, server_tool_call: asObject(given, 'arguments') }, rest)
  return withExtra({ type: 'tool_call', id, name, arguments: callArguments(given) }, rest)
}

function toolResultPart(part: Shape, hold: HoldBlob): Part {
  const { type: _type, toolCallId, toolName, output, result, providerExecuted, isError, ...rest } = part
  const id = asText(toolCallId) ?? ''
  // The model's own tools answer with `result`; the host's, in a prompt, with `output`.
  if (result !== undefined || providerExecuted === true) {
    const response = asObject(result ?? toolOutput(output, hold).response, 'result')
    return withExtra(
      { type: 'server_tool_call_response', id, server_tool_call_response: response },
      { name: toolName, isError: isError || undefined, ...rest },
    )
  }
  const given = toolOutput(output, hold)
  return withExtra(
    { type: 'tool_call_response', id, response: given.response },
    { name: toolName, isError: given.isError || undefined, ...rest },
  )
}

/** Reasoning with the signature that a provider wants back, wherever it stands. */
function reasoningPart(text: string, rest: Shape): Part {
  const part: Part = { type: 'reasoning', content: text }
  for (const options of Object.values(asShape(rest['providerMetadata'] ?? rest['providerOptions']))) {
    const signature = asText(asShape(options)['signature'])
    if (signature) part.signature = signature
  }
  return withExtra(part, rest)
}

/** One part of a prompt, an answer or a tool's output, in the shapes of the models (V2 to V4) and of the host. */
export function contentPart(value: unknown, hold: HoldBlob): Part {
  if (typeof value === 'string') return { type: 'text', content: value }
  const part = asShape(value)
  const { type, ...rest } = part
  const mediaType = asText(rest['mediaType']) ?? asText(rest['mimeType'])
  switch (type) {
    case 'text':
      if (typeof rest['text'] === 'string') {
        const { text, ...beside } = rest
        return withExtra({ type: 'text', content: text as string }, beside)
      }
      break
    case 'reasoning':
      if (typeof rest['text'] === 'string') {
        const { text, ...beside } = rest
        return reasoningPart(text as string, beside)
      }
      break
    case 'image':
    case 'image-data':
    case 'image-url':
    case 'file':
    case 'file-data':
    case 'file-url':
    case 'reasoning-file':
    case 'media': {
      const { image, data, url, file, mediaType: _media, mimeType: _mime, ...beside } = rest
      const isImage = String(type).startsWith('image')
      if (type === 'reasoning-file') beside['isReasoning'] = true
      return filePart(data ?? image ?? url ?? file, mediaType ?? (isImage ? 'image/*' : undefined), beside, hold)
    }
    case 'file-id':
    case 'image-file-id': {
      const { fileId, ...beside } = rest
      const id = asText(fileId) ?? asText(Object.values(asShape(fileId))[0])
      if (id !== undefined) return withExtra({ type: 'file', file_id: id }, beside)
      break
    }
    case 'tool-call':
      return toolCallPart(part)
    case 'tool-result':
      return toolResultPart(part, hold)
  }
  return otherPart(type, value)
}
