import { z } from 'zod'
import { UINT_MAX } from './column-types.js'
import {
  consentMap,
  float64,
  jsonObject,
  jsonObjectOrArray,
  nonEmpty,
  stringMap,
  text,
  texts,
  time,
  uint16,
  uint32,
  uuid,
  uuidv7,
} from './fields.js'
import { message, part } from './parts.js'
import { parseTime } from './time.js'
import { isUuid, isUuidv7 } from './uuidv7.js'
import { PURPOSES, type Purpose, ROLES } from './wire.js'

/** True only for values that the schema accepts; false says no more than "ask the schema". */
export type Accept = (value: unknown) => boolean

const isString: Accept = (value) => typeof value === 'string'
const isObject: Accept = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const uint =
  (max: number): Accept =>
  (value) =>
    typeof value === 'number' && value >= 0 && value <= max && Number.isInteger(value)

function isStringMap(value: unknown): boolean {
  if (!isObject(value)) return false
  for (const key in value as object) {
    if (typeof (value as Record<string, unknown>)[key] !== 'string') return false
  }
  return true
}

function isConsentMap(value: unknown): boolean {
  if (!isObject(value)) return false
  for (const key in value as object) {
    const word = (value as Record<string, unknown>)[key]
    if (!PURPOSES.includes(key as Purpose) || (word !== 'granted' && word !== 'denied')) return false
  }
  return true
}

const roles = new Set<unknown>(ROLES)

function isMessage(value: unknown): boolean {
  if (!isObject(value)) return false
  const { role, parts, name } = value as { role?: unknown; parts?: unknown; name?: unknown }
  if (!roles.has(role) || !Array.isArray(parts) || (name !== undefined && typeof name !== 'string')) return false
  for (let index = 0; index < parts.length; index++) if (!isPart(parts[index])) return false
  return true
}

/** Text is most of all parts, so it has a way of its own. */
function isPart(value: unknown): boolean {
  if (!isObject(value)) return false
  const { type, content, extra } = value as { type?: unknown; content?: unknown; extra?: unknown }
  if (type === 'text') return typeof content === 'string' && (extra === undefined || isObject(extra))
  return isOtherPart(value)
}

/** The shared fields by identity; what is not here is compiled from its definition. */
const PREDICATES = new Map<z.core.$ZodType, Accept>([
  [text, isString],
  [nonEmpty, (value) => typeof value === 'string' && value.length > 0],
  [texts, (value) => Array.isArray(value) && value.every(isString)],
  [uint16, uint(UINT_MAX.UInt16)],
  [uint32, uint(UINT_MAX.UInt32)],
  [float64, Number.isFinite],
  [uuid, (value) => typeof value === 'string' && isUuid(value)],
  [uuidv7, (value) => typeof value === 'string' && isUuidv7(value)],
  [time, (value) => typeof value === 'string' && parseTime(value) !== null],
  [stringMap, isStringMap],
  [consentMap, isConsentMap],
  [message, isMessage],
  [jsonObject, isObject],
  [jsonObjectOrArray, (value) => typeof value === 'object' && value !== null],
])

function acceptObject(schema: z.ZodObject, refused: readonly string[]): Accept {
  const checks = new Map<string, Accept>(refused.map((key) => [key, () => false]))
  const required: string[] = []
  for (const [key, field] of Object.entries(schema.shape)) {
    checks.set(key, acceptOf(field as z.core.$ZodType))
    // Not "accepts undefined": a member of type unknown must be there, whatever it holds.
    if ((field as z.core.$ZodType)._zod.optin !== 'optional') required.push(key)
  }
  return (value) => {
    if (!isObject(value)) return false
    const object = value as Record<string, unknown>
    for (const key of required) if (object[key] === undefined) return false
    for (const key in object) {
      const check = checks.get(key)
      if (check === undefined) continue
      const member = object[key]
      // Most fields are text; testing them here saves a call each.
      if (check === isString ? typeof member !== 'string' : !check(member)) return false
    }
    return true
  }
}

function acceptDiscriminated(schema: z.ZodDiscriminatedUnion): Accept {
  const options = new Map<unknown, Accept>()
  for (const option of schema.def.options) {
    for (const word of option._zod.propValues?.[schema.def.discriminator] ?? []) options.set(word, acceptOf(option))
  }
  return (value) =>
    isObject(value) && options.get((value as Record<string, unknown>)[schema.def.discriminator])?.(value) === true
}

/**
 * Compiles a schema into a predicate without allocation: a third of what zod's own parse costs, because the hot path
 * needs a yes and no copy. Whatever has refinements, a key policy or a type not treated here is asked of zod.
 * @param refused members that an object may not have, whatever the schema says
 */
export function acceptOf(schema: z.core.$ZodType, refused: readonly string[] = []): Accept {
  const known = PREDICATES.get(schema)
  if (known !== undefined) return known
  const bySchema: Accept = (value) => z.safeParse(schema, value).success
  if ((schema._zod.def.checks?.length ?? 0) > 0) return bySchema
  if (schema instanceof z.ZodOptional) return acceptOf(schema.unwrap() as z.core.$ZodType)
  if (schema instanceof z.ZodString) return isString
  if (schema instanceof z.ZodBoolean) return (value) => typeof value === 'boolean'
  if (schema instanceof z.ZodUnknown) return () => true
  if (schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral) {
    const words = new Set<unknown>(schema instanceof z.ZodEnum ? schema.options : schema.values)
    return (value) => words.has(value)
  }
  if (schema instanceof z.ZodArray) {
    const element = acceptOf(schema.element as z.core.$ZodType)
    return (value) => {
      if (!Array.isArray(value)) return false
      for (let index = 0; index < value.length; index++) if (!element(value[index])) return false
      return true
    }
  }
  if (schema instanceof z.ZodObject && schema.def.catchall instanceof z.ZodUnknown) return acceptObject(schema, refused)
  if (schema instanceof z.ZodDiscriminatedUnion) return acceptDiscriminated(schema)
  if (schema instanceof z.ZodUnion) {
    const options = schema.options.map((option) => acceptOf(option as z.core.$ZodType))
    return (value) => options.some((accept) => accept(value))
  }
  return bySchema
}

const isOtherPart = acceptOf(part)
PREDICATES.set(part, isPart)
