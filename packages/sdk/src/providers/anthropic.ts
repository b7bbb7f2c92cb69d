import type { JsonObject, Message, Part, Role, ToolDefinition } from '@flywheel/schema/wire'
import type { HoldBlob } from '../blobs.js'
import type { AnswerFields, Mapping, Mappings, RequestFields } from '../provider.js'
import { blockPart } from './anthropic-blocks.js'
import { messageAccumulator } from './anthropic-stream.js'
import { asArray, asCount, asShape, asText, hasText, isShape, otherPart, sumCounts, withoutSecrets } from './shape.js'

function contentParts(content: unknown, hold: HoldBlob): Part[] {
  if (typeof content === 'string') return [{ type: 'text', content }]
  return asArray(content).map((block) => blockPart(block, hold))
}

const ROLES: Record<string, Role> = { user: 'user', assistant: 'assistant', system: 'system' }

/** One message; a user's message of nothing but tool results is the tools' own. */
function message(value: unknown, hold: HoldBlob): Message {
  const { role, content, ...rest } = asShape(value)
  const known = ROLES[String(role)]
  const parts = contentParts(content, hold)
  const isTools = parts.length > 0 && parts.every((part) => part.type === 'tool_call_response')
  for (const [key, unknown] of Object.entries(rest)) {
    if (unknown !== null && unknown !== undefined) parts.push(otherPart(key, unknown))
  }
  if (!known) parts.push(otherPart('role', role ?? null))
  return { role: isTools && known === 'user' ? 'tool' : (known ?? 'user'), parts }
}

function tool(value: unknown): ToolDefinition {
  const { type, name, description, input_schema, ...beside } = asShape(value)
  const kind = asText(type) ?? 'custom'
  // A tool of the runner carries what the host runs; JSON leaves functions out by itself.
  return {
    ...(withoutSecrets(beside) as JsonObject),
    type: kind === 'custom' ? 'function' : kind,
    name: asText(name) ?? asText(beside['mcp_server_name']) ?? kind,
    description: asText(description),
    parameters: isShape(input_schema) ? (input_schema as JsonObject) : undefined,
  } as ToolDefinition
}

function request(args: readonly unknown[], hold: HoldBlob, provider: string): RequestFields {
  const { model, system, messages, tools, thread, mcp_servers, fallback_credit_token: _, ...rest } = asShape(args[0])
  const { previous_message_id } = asShape(thread)
  return {
    operation: 'chat',
    provider,
    model_requested: asText(model),
    continues: asText(previous_message_id) || undefined,
    system: system ? contentParts(system, hold) : undefined,
    messages: asArray(messages).map((value) => message(value, hold)),
    tools: Array.isArray(tools) ? tools.map(tool) : undefined,
    parameters: { ...rest, thread, mcp_servers: withoutSecrets(mcp_servers) } as JsonObject,
  } as RequestFields
}

/** `input_tokens` leaves the cached and the written ones out; the contract counts them in. */
function usageFields(value: unknown): AnswerFields {
  const usage = asShape(value)
  const { input_tokens, cache_read_input_tokens: cached, cache_creation_input_tokens: written } = usage
  return {
    usage_input_tokens: sumCounts(input_tokens, cached, written),
    usage_output_tokens: asCount(usage['output_tokens']),
    usage_cached_tokens: asCount(cached),
    usage_cache_write_tokens: asCount(written),
    usage_reasoning_tokens: asCount(asShape(usage['output_tokens_details'])['thinking_tokens']),
  } as AnswerFields
}

function response(value: unknown, hold: HoldBlob): AnswerFields {
  const { content, parsed_output: _, ...head } = asShape(value)
  const outputs: Message[] = Array.isArray(content) ? [{ role: 'assistant', parts: contentParts(content, hold) }] : []
  return {
    model_answered: asText(head['model']),
    provider_response_id: asText(head['id']),
    outputs,
    has_text: hasText(outputs),
    finish_reasons: outputs.map(() => asText(head['stop_reason']) ?? ''),
    ...usageFields(head['usage']),
    provider_json: head as JsonObject,
  } as AnswerFields
}

/** `messages.create` and `beta.messages.create`, whole and streamed. */
const messages: Mapping = { request, response, accumulator: () => messageAccumulator(response) }

/** The endpoints of `@anthropic-ai/sdk` 0.x and 1.x, and of what subclasses its client for Bedrock and Vertex. */
export const mappings: Mappings = { messages }
