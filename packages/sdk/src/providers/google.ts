import type { JsonObject, Message, Part, ToolDefinition } from '@flywheel/schema/wire'
import type { HoldBlob } from '../blobs.js'
import type { AnswerFields, Mapping, Mappings, RequestFields } from '../provider.js'
import { members } from '../wire-names.js'
import { CallNames, contentMessages, contentPart } from './google-parts.js'
import { contentAccumulator } from './google-stream.js'
import {
  asArray,
  asCount,
  asShape,
  asText,
  hasText,
  isShape,
  otherPart,
  type Shape,
  sumCounts,
  withExtra,
  withoutSecrets,
} from './shape.js'

/** Tools that the server runs, whose settings are known to be settings. */
const SERVER_TOOLS = [
  'codeExecution',
  'computerUse',
  'enterpriseWebSearch',
  'exaAiSearch',
  'fileSearch',
  'googleMaps',
  'googleSearch',
  'googleSearchRetrieval',
  'mcpServers',
  'parallelAiSearch',
  'retrieval',
  'urlContext',
]

function functionDefinition(value: unknown): ToolDefinition {
  const { name, description, parameters, parametersJsonSchema, ...beside } = asShape(value)
  const schema = parametersJsonSchema ?? parameters
  return {
    ...(beside as JsonObject),
    type: 'function',
    name: asText(name) ?? '',
    description: asText(description),
    parameters: isShape(schema) ? (schema as JsonObject) : undefined,
  } as ToolDefinition
}

/**
 * Function declarations one by one, the server's own tools by their key. What the host runs itself has no declaration
 * yet, and its fields are the host's own: a client of an MCP server holds credentials.
 */
function toolDefinitions(value: unknown): ToolDefinition[] {
  const { functionDeclarations, ...rest } = asShape(value)
  if ('callTool' in rest) return [{ type: 'callable', name: 'callable' }]
  const tools = asArray(functionDeclarations).map(functionDefinition)
  for (const [key, settings] of Object.entries(rest)) {
    if (settings === null || settings === undefined) continue
    const beside = SERVER_TOOLS.includes(key) ? asShape(withoutSecrets({ settings })) : {}
    tools.push({ ...beside, type: key, name: key })
  }
  return tools.length > 0 ? tools : [{ type: 'callable', name: 'callable' }]
}

function request(args: readonly unknown[], hold: HoldBlob, provider: string): RequestFields {
  const { model, contents, config, ...rest } = asShape(args[0])
  // Neither is a parameter of the model's; `httpOptions` may hold credentials.
  const { systemInstruction, tools, abortSignal: _, httpOptions: __, ...parameters } = asShape(config)
  const names = new CallNames()
  return {
    operation: 'chat',
    provider,
    model_requested: asText(model),
    system: systemInstruction
      ? contentMessages(systemInstruction, names, hold).flatMap(({ parts }) => parts)
      : undefined,
    messages: contentMessages(contents, names, hold),
    tools: Array.isArray(tools) ? tools.flatMap(toolDefinitions) : undefined,
    parameters: { ...parameters, ...rest } as JsonObject,
  } as RequestFields
}

/** Thoughts are counted beside the answer, and what tools added beside the prompt; the contract counts both in. */
function usageFields(value: unknown): AnswerFields {
  const usage = asShape(value)
  return {
    usage_input_tokens: sumCounts(usage['promptTokenCount'], usage['toolUsePromptTokenCount']),
    usage_output_tokens: sumCounts(usage['candidatesTokenCount'], usage['thoughtsTokenCount']),
    usage_cached_tokens: asCount(usage['cachedContentTokenCount']),
    usage_reasoning_tokens: asCount(usage['thoughtsTokenCount']),
  } as AnswerFields
}

const partsOf = (content: unknown): unknown[] => asArray(asShape(content)['parts'])
const everyPart = (content: unknown, key: string): boolean =>
  partsOf(content).length > 0 && partsOf(content).every((part) => asShape(part)[key])
const somePart = (content: unknown, key: string): boolean => partsOf(content).some((part) => asShape(part)[key])

/** What automatic function calling did before the last answer: calls and responses at the end of its history. */
function calledAutomatically(history: unknown): unknown[] {
  const contents = asArray(history)
  let from = contents.length
  while (from >= 2 && everyPart(contents[from - 1], 'functionResponse') && somePart(contents[from - 2], 'functionCall'))
    from -= 2
  return contents.slice(from)
}

/** The request that the last answer is to: the host's, and after it what was called and answered since. */
function withMessages(request: string, messages: readonly Message[]): string {
  const fields = asShape(JSON.parse(`{${request.slice(1)}}`))
  asArray(fields['messages']).push(...messages)
  return members(fields)
}

/** Ratings, citations, grounding and log probabilities of a candidate beside its first part. */
function output(parts: Part[], beside: Shape): Message {
  const first = parts[0]
  if (first) withExtra(first, beside)
  else for (const [key, value] of Object.entries(beside)) if (value) parts.push(otherPart(key, value))
  return { role: 'assistant', parts }
}

function response(value: unknown, hold: HoldBlob): AnswerFields {
  // The class has getters (`text`, `functionCalls`) that warn; only what is its own is read.
  const { candidates, automaticFunctionCallingHistory, sdkHttpResponse: _, ...head } = asShape(value)
  const sorted = asArray(candidates).map(asShape)
  sorted.sort((a, b) => (asCount(a['index']) ?? 0) - (asCount(b['index']) ?? 0))
  const calls = calledAutomatically(automaticFunctionCallingHistory)
  // With no call left to make, the last answer is itself the history's last call.
  const last = calls.indexOf(sorted[0]?.['content'])
  const names = new CallNames()
  const since = contentMessages(last < 0 ? calls : calls.slice(0, last), names, hold)
  const outputs = sorted.map(({ index: _, content, finishReason: __, ...beside }, at) => {
    const own = at === 0 ? names : new CallNames()
    return output(
      partsOf(content).map((part) => contentPart(part, own, hold)),
      beside,
    )
  })
  return {
    rewriteRequest: since.length > 0 ? (text: string) => withMessages(text, since) : undefined,
    model_answered: asText(head['modelVersion']),
    provider_response_id: asText(head['responseId']),
    outputs,
    has_text: hasText(outputs),
    finish_reasons: sorted.map((candidate) => asText(candidate['finishReason']) ?? ''),
    ...usageFields(head['usageMetadata']),
    provider_json: head as JsonObject,
  } as AnswerFields
}

/** `models.generateContent` and `models.generateContentStream`; `chats` go through them. */
const generate: Mapping = { request, response, accumulator: () => contentAccumulator(response) }

/** `models.embedContent`. The vectors are never stored. */
const embed: Mapping = {
  request(args, hold, provider) {
    const fields = request(args, hold, provider)
    const { contents } = asShape(args[0])
    const names = new CallNames()
    // Each item of a list is embedded on its own.
    const each = Array.isArray(contents) ? contents.flatMap((item) => contentMessages(item, names, hold)) : undefined
    return { ...fields, operation: 'embedding', messages: each ?? fields.messages ?? [] }
  },
  response(value) {
    const { embeddings, sdkHttpResponse: _, ...head } = asShape(value)
    const counts = asArray(embeddings).map((one) => asShape(asShape(one)['statistics'])['tokenCount'])
    const { promptTokenCount } = asShape(head['usageMetadata'])
    const usage_input_tokens = asCount(promptTokenCount) ?? sumCounts(...counts)
    return { outputs: [], usage_input_tokens, provider_json: head as JsonObject } as AnswerFields
  },
  accumulator: () => contentAccumulator(response),
}

/** The endpoints of `@google/genai` 1.x to 3.x, for Gemini and for Vertex. */
export const mappings: Mappings = { generate, embed }
