import type { JsonObject, JsonValue, Message, Part, Role, ToolDefinition } from '@flywheel/schema/wire'
import { type HoldBlob, parseDataUrl } from '../blobs.js'
import type { Accumulator, AnswerFields, Mapping, RequestFields } from '../provider.js'
import { asArray, asCount, asShape, asText, hasText, isShape, otherPart, type Shape, withExtra } from './shape.js'

function contentPart(value: unknown, hold: HoldBlob): Part {
  if (typeof value === 'string') return { type: 'text', content: value }
  const { type, ...rest } = asShape(value)
  if (type === 'text' && typeof rest['text'] === 'string') {
    const { text, ...beside } = rest
    return withExtra({ type: 'text', content: text as string }, beside)
  }
  if (type === 'refusal' && typeof rest['refusal'] === 'string') return { type: 'refusal', content: rest['refusal'] }
  if (type === 'image_url') {
    const { url, ...beside } = asShape(rest['image_url'])
    if (typeof url === 'string') {
      const inline = parseDataUrl(url)
      return withExtra(inline ? hold(inline.data, inline.mediaType) : { type: 'uri', uri: url }, beside)
    }
  }
  if (type === 'input_audio') {
    const { data, format } = asShape(rest['input_audio'])
    if (typeof data === 'string') return hold(data, `audio/${String(format)}`)
  }
  if (type === 'file') {
    const { file_id, file_data, ...beside } = asShape(rest['file'])
    if (typeof file_id === 'string') return withExtra({ type: 'file', file_id }, beside)
    if (typeof file_data === 'string') {
      const inline = parseDataUrl(file_data) ?? { data: file_data, mediaType: 'application/octet-stream' }
      return withExtra(hold(inline.data, inline.mediaType), beside)
    }
  }
  return otherPart(type, value)
}

/** A tool call with the model's exact string of arguments. */
function toolCall(value: unknown): Part {
  const call = asShape(value)
  const kind = asText(call['type']) ?? 'function'
  const body = asShape(call[kind])
  const given = body['arguments'] ?? body['input']
  if (typeof given !== 'string' || typeof body['name'] !== 'string') return otherPart(kind, value)
  const part: Part = { type: 'tool_call', id: asText(call['id']) ?? '', name: body['name'], arguments: given }
  return kind === 'function' ? part : withExtra(part, { type: kind })
}

const ROLES: Record<string, Role> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
}

/** The message of nearly every line of a chat: a role, a text and nothing else. */
function plainMessage(value: unknown): Message | null {
  const { role, content } = asShape(value)
  if (typeof content !== 'string' || content === '' || (role !== 'user' && role !== 'assistant' && role !== 'system'))
    return null
  return Object.keys(value as Shape).length === 2 ? { role, parts: [{ type: 'text', content }] } : null
}

/** Citations belong to the text that they are about; a message's come beside all of it. */
function citeText(parts: Part[]): void {
  const at = parts.findIndex((part) => part.type === 'other' && part.provider_type === 'annotations')
  const text = parts.filter((part) => part.type === 'text').at(-1)
  if (at < 0 || !text) return
  const [cited] = parts.splice(at, 1)
  if (cited?.type === 'other') withExtra(text, { annotations: cited.raw })
}

/** One chat message as parts: reasoning, then content, then tool calls, which is the order of generation. */
function message(value: unknown, hold: HoldBlob): Message {
  const plain = plainMessage(value)
  if (plain) return plain
  const { role, content, refusal, tool_calls, name, tool_call_id, reasoning_content, reasoning, audio, ...rest } =
    asShape(value)
  const { function_call, ...unknown } = rest
  const known = ROLES[String(role)]
  const parts: Part[] = []
  const thought = asText(reasoning_content) ?? asText(reasoning)
  if (thought) parts.push({ type: 'reasoning', content: thought })
  if (known === 'tool') {
    const id = asText(tool_call_id) ?? asText(name) ?? ''
    parts.push({ type: 'tool_call_response', id, response: (content ?? null) as JsonValue })
  } else if (typeof content === 'string') {
    if (content !== '' || known !== 'assistant') parts.push({ type: 'text', content })
  } else {
    for (const part of asArray(content)) parts.push(contentPart(part, hold))
  }
  if (typeof refusal === 'string' && refusal) parts.push({ type: 'refusal', content: refusal })
  if (isShape(audio)) {
    const { data, transcript, ...beside } = audio
    if (typeof data === 'string') {
      const blob = hold(data, 'audio/unknown')
      if (typeof transcript === 'string') blob.transcript = transcript
      parts.push(withExtra(blob, beside))
    } else parts.push(otherPart('audio', audio))
  }
  for (const call of asArray(tool_calls)) parts.push(toolCall(call))
  // What calls were before they were tools: one a message, without an id.
  if (isShape(function_call)) parts.push(withExtra(toolCall({ function: function_call }), { type: 'function_call' }))
  for (const [key, value] of Object.entries(unknown)) {
    const isEmpty = value === null || value === undefined || (Array.isArray(value) && value.length === 0)
    if (!isEmpty && key !== 'parsed') parts.push(otherPart(key, value))
  }
  citeText(parts)
  if (!known) parts.push(otherPart('role', role ?? null))
  return { role: known ?? 'user', parts, name: known === 'tool' ? undefined : asText(name) } as Message
}

function tool(value: unknown): ToolDefinition {
  const { type, ...rest } = asShape(value)
  const kind = asText(type) ?? 'unknown'
  const { name, description, parameters, ...beside } = asShape(rest[kind] ?? rest)
  // A function may carry what the host runs (`runTools`); JSON leaves functions out by itself.
  return {
    ...beside,
    type: kind,
    name: asText(name) ?? kind,
    description: asText(description),
    parameters: isShape(parameters) ? (parameters as JsonObject) : undefined,
  } as ToolDefinition
}

/** `prompt_tokens` and `completion_tokens` include the cached and the reasoning ones, as the contract wants it. */
export function openaiUsage(value: unknown): AnswerFields {
  const usage = asShape(value)
  return {
    usage_input_tokens: asCount(usage['prompt_tokens']),
    usage_output_tokens: asCount(usage['completion_tokens']),
    usage_cached_tokens: asCount(asShape(usage['prompt_tokens_details'])['cached_tokens']),
    usage_cache_write_tokens: asCount(asShape(usage['prompt_tokens_details'])['cache_write_tokens']),
    usage_reasoning_tokens: asCount(asShape(usage['completion_tokens_details'])['reasoning_tokens']),
  } as AnswerFields
}

function answer(head: Shape, outputs: Message[], finishReasons: string[]): AnswerFields {
  return {
    model_answered: asText(head['model']),
    provider_response_id: asText(head['id']),
    outputs,
    has_text: hasText(outputs),
    finish_reasons: finishReasons,
    ...openaiUsage(head['usage']),
    provider_json: head as JsonObject,
  } as AnswerFields
}

/** Keeps log probabilities and content filters of a choice beside its first part. */
function choiceOutput(output: Message, rest: Shape): Message {
  const beside = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined)
  const first = output.parts[0]
  if (beside.length === 0) return output
  if (first) first.extra = { ...first.extra, ...(Object.fromEntries(beside) as JsonObject) }
  else for (const [key, value] of beside) output.parts.push(otherPart(key, value))
  return output
}

function response(value: unknown, hold: HoldBlob): AnswerFields {
  const { choices, ...head } = asShape(value)
  const sorted = asArray(choices).map(asShape)
  sorted.sort((a, b) => (asCount(a['index']) ?? 0) - (asCount(b['index']) ?? 0))
  const outputs = sorted.map(({ index, message: given, finish_reason, ...rest }) =>
    choiceOutput({ ...message(given, hold), role: 'assistant' }, rest),
  )
  return answer(
    head,
    outputs,
    sorted.map((choice) => asText(choice['finish_reason']) ?? ''),
  )
}

interface StreamedChoice {
  /** In order of generation; texts of one kind that follow one another are one part. */
  readonly parts: Part[]
  readonly tools: Map<number, { part: Part; head: Shape; arguments: string }>
  readonly unknown: Map<string, unknown>
  finishReason: string
}

/** Adds a later value of a field to an earlier one: texts and lists grow, objects merge, anything else is replaced. */
function grow(before: unknown, after: unknown): unknown {
  if (before === undefined || before === null) return after
  if (after === undefined || after === null) return before
  if (typeof before === 'string' && typeof after === 'string') return before + after
  if (Array.isArray(before) && Array.isArray(after)) return [...before, ...after]
  if (!isShape(before) || !isShape(after)) return after
  const merged: Shape = { ...before }
  for (const [key, value] of Object.entries(after)) merged[key] = grow(merged[key], value)
  return merged
}

function accumulator(): Accumulator {
  const head: Shape = {}
  const choices = new Map<number, StreamedChoice>()

  function choiceAt(index: number): StreamedChoice {
    let choice = choices.get(index)
    if (!choice) {
      choice = { parts: [], tools: new Map(), unknown: new Map(), finishReason: '' }
      choices.set(index, choice)
    }
    return choice
  }

  function addText(choice: StreamedChoice, type: 'text' | 'refusal' | 'reasoning', content: unknown): boolean {
    if (typeof content !== 'string' || content === '') return false
    const last = choice.parts.at(-1)
    if (last?.type === type) last.content += content
    else choice.parts.push({ type, content })
    return true
  }

  function addToolCall(choice: StreamedChoice, value: unknown): void {
    const { index, ...delta } = asShape(value)
    const at = asCount(index) ?? choice.tools.size
    let call = choice.tools.get(at)
    if (!call) {
      // The part takes its place now, so that text after the call stays after it; it is filled when all is there.
      call = { part: otherPart('tool_call', null), head: {}, arguments: '' }
      choice.tools.set(at, call)
      choice.parts.push(call.part)
    }
    const { function: body, ...rest } = delta
    const { arguments: piece, name, ...beside } = asShape(body)
    if (typeof piece === 'string') call.arguments += piece
    if (name || Object.keys(beside).length > 0) {
      call.head['function'] = { ...asShape(call.head['function']), ...beside, ...(name ? { name } : {}) }
    }
    for (const [key, more] of Object.entries(rest)) {
      if (more !== null && more !== undefined && more !== '') {
        call.head[key] = key === 'id' || key === 'type' ? more : grow(call.head[key], more)
      }
    }
  }

  function addDelta(choice: StreamedChoice, delta: Shape): boolean {
    let isContent = false
    for (const key in delta) {
      const value = delta[key]
      if (value === null || value === undefined || key === 'role') continue
      if (key === 'content') isContent = addText(choice, 'text', value) || isContent
      else if (key === 'refusal') isContent = addText(choice, 'refusal', value) || isContent
      else if (key === 'reasoning_content' || key === 'reasoning')
        isContent = addText(choice, 'reasoning', value) || isContent
      else if (key === 'tool_calls') {
        for (const call of asArray(value)) addToolCall(choice, call)
        isContent = true
      } else choice.unknown.set(key, grow(choice.unknown.get(key), value))
    }
    return isContent
  }

  return {
    add(chunk) {
      let isContent = false
      const shape = asShape(chunk)
      for (const key in shape) {
        if (key !== 'choices') {
          // The last one wins: adding usage up would count tokens twice where every chunk carries the total.
          if (shape[key] !== null && key !== 'obfuscation') head[key] = shape[key]
          continue
        }
        for (const value of asArray(shape['choices'])) {
          const given = asShape(value)
          const choice = choiceAt(asCount(given['index']) ?? 0)
          for (const name in given) {
            if (name === 'delta') isContent = addDelta(choice, asShape(given['delta'])) || isContent
            else if (name === 'finish_reason') choice.finishReason = asText(given[name]) ?? choice.finishReason
            else if (name !== 'index' && given[name] !== null) {
              choice.unknown.set(`choice.${name}`, grow(choice.unknown.get(`choice.${name}`), given[name]))
            }
          }
        }
      }
      return isContent
    },
    isComplete: () => choices.size > 0 && [...choices.values()].every((choice) => choice.finishReason !== ''),
    fields(hold) {
      const sorted = [...choices.entries()].sort(([a], [b]) => a - b).map(([, choice]) => choice)
      const outputs = sorted.map((choice) => {
        const filled = new Map<Part, Part>()
        for (const { part, head: start, arguments: text } of choice.tools.values()) {
          const body = { ...asShape(start['function']), arguments: text }
          filled.set(part, toolCall(start['custom'] ? start : { ...start, function: body }))
        }
        const parts = choice.parts.map((part) => filled.get(part) ?? part)
        const beside: Shape = {}
        const fromMessage: Shape = { role: 'assistant' }
        for (const [key, value] of choice.unknown) {
          if (key.startsWith('choice.')) beside[key.slice(7)] = value
          else fromMessage[key] = value
        }
        parts.push(...message(fromMessage, hold).parts)
        citeText(parts)
        return choiceOutput({ role: 'assistant', parts }, beside)
      })
      return answer(
        head,
        outputs,
        sorted.map((choice) => choice.finishReason),
      )
    },
  }
}

function request(args: readonly unknown[], hold: HoldBlob, provider: string): RequestFields {
  const { messages, tools, model, ...parameters } = asShape(args[0])
  return {
    operation: 'chat',
    provider,
    model_requested: asText(model),
    messages: asArray(messages).map((value) => message(value, hold)),
    tools: Array.isArray(tools) ? tools.map(tool) : undefined,
    parameters: parameters as JsonObject,
  } as RequestFields
}

/** `chat.completions.create`, whole and streamed. */
export const chat: Mapping = { request, response, accumulator }
