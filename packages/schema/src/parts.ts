import { z } from 'zod'
import { jsonObject } from './fields.js'
import { ROLES } from './wire.js'

const extra = jsonObject.optional()

/** The parts this version knows, by their `type`. Members it does not know survive. */
export const KNOWN_PARTS = {
  text: z.looseObject({ type: z.literal('text'), content: z.string(), extra }),
  reasoning: z.looseObject({
    type: z.literal('reasoning'),
    content: z.string(),
    signature: z.string().optional(),
    extra,
  }),
  refusal: z.looseObject({ type: z.literal('refusal'), content: z.string(), extra }),
  tool_call: z.looseObject({
    type: z.literal('tool_call'),
    id: z.string(),
    name: z.string(),
    // The model's exact string is never re-encoded: JSON.parse changes large integers.
    arguments: z.union([z.string(), jsonObject]),
    extra,
  }),
  tool_call_response: z.looseObject({
    type: z.literal('tool_call_response'),
    id: z.string(),
    response: z.unknown(),
    extra,
  }),
  server_tool_call: z.looseObject({
    type: z.literal('server_tool_call'),
    id: z.string(),
    name: z.string(),
    server_tool_call: jsonObject,
    extra,
  }),
  server_tool_call_response: z.looseObject({
    type: z.literal('server_tool_call_response'),
    id: z.string(),
    server_tool_call_response: jsonObject,
    extra,
  }),
  blob: z.looseObject({
    type: z.literal('blob'),
    sha256: z.string(),
    bytes: z.number().int().min(0),
    media_type: z.string(),
    transcript: z.string().optional(),
    extra,
  }),
  uri: z.looseObject({ type: z.literal('uri'), uri: z.string(), media_type: z.string().optional(), extra }),
  file: z.looseObject({ type: z.literal('file'), file_id: z.string(), extra }),
  other: z.looseObject({ type: z.literal('other'), provider_type: z.string(), raw: z.unknown(), extra }),
} as const

const knownTypes = new Set<string>(Object.keys(KNOWN_PARTS))

/** A part of a type that this version does not know, kept whole. */
const unknownPart = z.looseObject({
  // Aborting, so that the union reports what its known part lacks and not this.
  type: z
    .string()
    .refine((type) => !knownTypes.has(type), { abort: true, error: 'is a known part type with other members' }),
})

/** Any part: a known type must have its members, an unknown type passes whole. */
export const part = z.union([
  z.discriminatedUnion('type', [
    KNOWN_PARTS.text,
    KNOWN_PARTS.reasoning,
    KNOWN_PARTS.refusal,
    KNOWN_PARTS.tool_call,
    KNOWN_PARTS.tool_call_response,
    KNOWN_PARTS.server_tool_call,
    KNOWN_PARTS.server_tool_call_response,
    KNOWN_PARTS.blob,
    KNOWN_PARTS.uri,
    KNOWN_PARTS.file,
    KNOWN_PARTS.other,
  ]),
  unknownPart,
])

export const message = z.looseObject({ role: z.enum(ROLES), parts: z.array(part), name: z.string().optional() })

export const toolDefinition = z.looseObject({
  type: z.string(),
  name: z.string(),
  description: z.string().optional(),
  parameters: jsonObject.optional(),
})
