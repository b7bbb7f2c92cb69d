import type { JsonObject, Message, ToolDefinition } from '@flywheel/schema/wire'
import type { HoldBlob } from '../blobs.js'
import type { AnswerFields, Mapping, RequestFields } from '../provider.js'
import { itemMessage, itemMessages, withoutDataUrls } from './openai-response-items.js'
import { responseAccumulator } from './openai-response-stream.js'
import { asArray, asCount, asShape, asText, hasText, isShape, type Shape } from './shape.js'

/** Fields in which a request hands a credential to a tool that OpenAI runs. */
const SECRETS = new Set(['authorization', 'headers', 'domain_secrets'])

/** A copy without credentials. A function's schema is the host's own: its properties may be called anything. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (!isShape(value) || value['type'] === 'function') return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (SECRETS.has(key) ? [] : [[key, withoutSecrets(inner)]])),
  )
}

/** A function, or one of OpenAI's own tools by its type; an MCP server is named by its label. */
function toolDefinition(value: unknown, hold: HoldBlob): ToolDefinition {
  const { type, name, description, parameters, ...rest } = asShape(withoutSecrets(value))
  const kind = asText(type) ?? 'unknown'
  return {
    ...(withoutDataUrls(rest, hold) as JsonObject),
    type: kind,
    name: asText(name) ?? asText(rest['server_label']) ?? kind,
    description: asText(description),
    parameters: isShape(parameters) ? (parameters as JsonObject) : undefined,
  } as ToolDefinition
}

function request(args: readonly unknown[], hold: HoldBlob, provider: string): RequestFields {
  const { model, input, instructions, tools, previous_response_id, prompt, ...parameters } = asShape(args[0])
  const { conversation } = parameters
  // With a conversation as with an earlier response, `messages` are only what is new.
  const continues = previous_response_id ?? (isShape(conversation) ? conversation['id'] : conversation)
  return {
    operation: 'chat',
    provider,
    model_requested: asText(model),
    continues: asText(continues) || undefined,
    system: typeof instructions === 'string' ? [{ type: 'text', content: instructions }] : undefined,
    messages:
      typeof input === 'string'
        ? [{ role: 'user', parts: [{ type: 'text', content: input }] }]
        : itemMessages(asArray(input), hold),
    tools: Array.isArray(tools) ? tools.map((tool) => toolDefinition(tool, hold)) : undefined,
    parameters: { ...parameters, ...(isShape(prompt) ? { prompt: withoutDataUrls(prompt, hold) } : {}) } as JsonObject,
  } as RequestFields
}

/** `input_tokens` includes the cached and written ones and `output_tokens` the reasoning, as the contract wants it. */
function usageFields(value: unknown): AnswerFields {
  const { input_tokens, input_tokens_details, output_tokens, output_tokens_details } = asShape(value)
  const details = asShape(input_tokens_details)
  return {
    usage_input_tokens: asCount(input_tokens),
    usage_output_tokens: asCount(output_tokens),
    usage_cached_tokens: asCount(details['cached_tokens']),
    usage_cache_write_tokens: asCount(details['cache_write_tokens']),
    usage_reasoning_tokens: asCount(asShape(output_tokens_details)['reasoning_tokens']),
  } as AnswerFields
}

/** Why the answer ended, '' while it has not. */
function finishReason({ status, incomplete_details }: Shape): string {
  if (status === 'completed') return 'completed'
  return status === 'incomplete' ? (asText(asShape(incomplete_details)['reason']) ?? 'incomplete') : ''
}

/** Null says nothing, and what the request said already is not written twice. */
function head({ output: _, output_text: __, tools, ...rest }: Shape, hold: HoldBlob): JsonObject {
  const fields: Shape = {}
  // Instructions that are items come from a stored prompt, which the request does not show.
  const isStored = Array.isArray(rest['instructions'])
  for (const [key, value] of Object.entries(isStored ? { ...rest, tools: withoutSecrets(tools) } : rest)) {
    if (value !== null && value !== undefined && (key !== 'instructions' || isStored)) fields[key] = value
  }
  return withoutDataUrls(fields, hold) as JsonObject
}

/** One answer of the Responses API: all its items, in order of generation, are one output. */
export function responseFields(value: unknown, hold: HoldBlob): AnswerFields {
  const shape = asShape(value)
  const reason = finishReason(shape)
  const parts = asArray(shape['output']).flatMap((item) => itemMessage(item, hold).parts)
  const outputs: Message[] = parts.length > 0 || reason !== '' ? [{ role: 'assistant', parts }] : []
  const error = shape['status'] === 'failed' || isShape(shape['error']) ? asShape(shape['error']) : undefined
  return {
    model_answered: asText(shape['model']),
    provider_response_id: asText(shape['id']),
    outputs,
    has_text: hasText(outputs),
    finish_reasons: outputs.map(() => reason),
    ...usageFields(shape['usage']),
    provider_json: head(shape, hold),
    ...(error && {
      status: 'error',
      error_type: asText(error['code']) ?? 'response_failed',
      error_message: asText(error['message']) ?? '',
    }),
  } as AnswerFields
}

/** `responses.create`, whole and streamed. */
export const responses: Mapping = {
  request,
  response: responseFields,
  accumulator: () => responseAccumulator(responseFields),
}
