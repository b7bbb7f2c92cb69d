import type { JsonObject, Message, Role, ToolDefinition } from '@flywheel/schema/wire'
import type { HoldBlob } from '../blobs.js'
import type { RequestFields } from '../provider.js'
import { asArray, asShape, asText, isShape, otherPart, type Shape, withExtra } from '../providers/shape.js'
import { contentPart } from './parts.js'

const ROLES: readonly string[] = ['system', 'developer', 'user', 'assistant', 'tool'] satisfies Role[]

/** OpenTelemetry's names of the providers that the AI SDK spells otherwise; a longer prefix stands first. */
const PROVIDERS: readonly (readonly [string, string])[] = [
  ['azure', 'azure.ai.openai'],
  ['amazon-bedrock', 'aws.bedrock'],
  ['bedrock', 'aws.bedrock'],
  ['google.vertex', 'gcp.vertex_ai'],
  ['vertex', 'gcp.vertex_ai'],
  ['google', 'gcp.gemini'],
  ['mistral', 'mistral_ai'],
  ['xai', 'x_ai'],
]

/** `openai.responses` is the provider openai and one of its APIs. */
export function providerName(provider: unknown): string | undefined {
  const text = asText(provider)
  if (!text) return undefined
  return PROVIDERS.find(([prefix]) => text.startsWith(prefix))?.[1] ?? text.split('.')[0]
}

/** One message of a model's prompt, or one of the host's. */
export function promptMessage(value: unknown, hold: HoldBlob): Message {
  const { role, content, ...rest } = asShape(value)
  const parts = (typeof content === 'string' ? [content] : asArray(content)).map((part) => contentPart(part, hold))
  const isKnown = ROLES.includes(String(role))
  if (!isKnown) parts.push(otherPart('role', role ?? null))
  const [first] = parts
  if (first) withExtra(first, rest)
  return { role: isKnown ? (role as Role) : 'user', parts }
}

/** JSON Schema of a tool's input: as models get it, else as the host's schema library tells it. */
function inputSchema(schema: unknown): JsonObject | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined
  const standard = (schema as { '~standard'?: { jsonSchema?: { input?: (options: object) => unknown } } })['~standard']
  const nested = (schema as Shape)['jsonSchema']
  try {
    const told = standard?.jsonSchema?.input?.({ target: 'draft-07' })
    if (isShape(told)) return told as JsonObject
  } catch {
    // A schema that JSON Schema cannot say.
  }
  if (isShape(nested)) return nested as JsonObject
  return standard || typeof schema === 'function' ? undefined : (schema as JsonObject)
}

/** A tool as models get it, or a named one of the host's set. */
function tool(value: unknown, givenName?: string): ToolDefinition {
  const { type, name, description, inputSchema: schema, parameters, args, id, strict } = asShape(value)
  const json = inputSchema(schema ?? parameters)
  return {
    type: asText(type) ?? 'function',
    name: asText(name) ?? givenName ?? asText(id) ?? 'unknown',
    ...(typeof description === 'string' ? { description } : {}),
    ...(json ? { parameters: json } : {}),
    ...(isShape(args) ? { args } : {}),
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof strict === 'boolean' ? { strict } : {}),
  } as ToolDefinition
}

function toolDefinitions(tools: unknown): ToolDefinition[] | undefined {
  if (Array.isArray(tools)) return tools.length > 0 ? tools.map((one) => tool(one)) : undefined
  if (!isShape(tools)) return undefined
  return Object.entries(tools).map(([name, one]) => tool(one, name))
}

/** Settings that change what a model answers. Not headers: they may hold a key. */
const SETTINGS = [
  'maxOutputTokens',
  'temperature',
  'topP',
  'topK',
  'presencePenalty',
  'frequencyPenalty',
  'stopSequences',
  'seed',
  'reasoning',
  'responseFormat',
  'toolChoice',
  'providerOptions',
] as const

/** What a model is asked: call options of a model (V2 to V4), or what a telemetry event tells of them. */
export interface Asked {
  readonly provider: unknown
  readonly modelId: unknown
  readonly options: Shape
}

/** The answer that the prompt goes on from, where the provider keeps it: without it the prompt would look whole. */
function continuedFrom(providerOptions: unknown): string | undefined {
  for (const options of Object.values(asShape(providerOptions))) {
    const id = asText(asShape(options)['previousResponseId'])
    if (id) return id
  }
  return undefined
}

/** The request as the contract's fields; `prompt` wins over `messages`, which are the host's own. */
export function requestFields({ provider, modelId, options }: Asked, hold: HoldBlob): RequestFields {
  const { system, prompt, messages, tools } = options
  const parameters: Shape = {}
  for (const name of SETTINGS) {
    const value = options[name]
    if (value !== undefined && value !== null) parameters[name] = value
  }
  const instructions = (typeof system === 'string' ? [{ role: 'system', content: system }] : [system].flat()).filter(
    isShape,
  )
  const asked = Array.isArray(prompt) ? prompt : [...instructions, ...asArray(messages)]
  return {
    operation: 'chat',
    provider: providerName(provider),
    model_requested: asText(modelId),
    continues: continuedFrom(parameters['providerOptions']),
    messages: asked.map((message) => promptMessage(message, hold)),
    tools: toolDefinitions(tools),
    parameters: parameters as JsonObject,
  } as RequestFields
}
