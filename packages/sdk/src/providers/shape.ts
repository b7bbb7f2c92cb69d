import type { JsonObject, JsonValue, OtherPart, Part } from '@flywheel/schema/wire'
import type { HoldBlob } from '../blobs.js'

/**
 * Shapes are read defensively: compatible servers send null, leave fields out and add their own. What is built of them
 * is only ever written as JSON, which leaves `undefined` out by itself.
 */
export type Shape = Record<string, unknown>

/** True for an object that is no array. */
export const isShape = (value: unknown): value is Shape =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
/** The object, or an empty one. */
export const asShape = (value: unknown): Shape => (isShape(value) ? value : {})
/** The array, or an empty one. */
export const asArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
/** The text, or undefined. */
export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
/** A count of tokens, or undefined. */
export const asCount = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined

/** The sum of the counts that are there; undefined if none is. */
export function sumCounts(...values: unknown[]): number | undefined {
  const counts = values.map(asCount).filter((value) => value !== undefined)
  return counts.length === 0 ? undefined : counts.reduce((sum, value) => sum + value, 0)
}

/** What the contract has no part for, as it came. */
export const otherPart = (type: unknown, raw: unknown): OtherPart => ({
  type: 'other',
  provider_type: asText(type) ?? 'unknown',
  raw: raw as JsonValue,
})

/** The part with whatever stands beside its known fields kept in `extra`. */
export function withExtra<P extends Part>(part: P, rest: Shape): P {
  const entries = Object.entries(rest).filter(([, value]) => value !== undefined && value !== null)
  if (entries.length > 0) part.extra = { ...part.extra, ...(Object.fromEntries(entries) as JsonObject) }
  return part
}

/** True if something was written that a person can read. */
export const hasText = (outputs: readonly { parts: readonly Part[] }[]): boolean =>
  outputs.some(({ parts }) => parts.some((part) => part.type === 'text' && part.content !== ''))

/**
 * A copy in which base64 data, wherever it stands, has become a `blob` part: a tool's result may be a picture, and its
 * bytes never travel.
 */
export function withoutBytes(value: unknown, hold: HoldBlob): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutBytes(item, hold))
  if (!isShape(value)) return value
  const { data, type, media_type, mimeType } = value
  const mediaType = asText(type === 'base64' ? media_type : mimeType)
  if (typeof data === 'string' && mediaType !== undefined) return hold(data, mediaType)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutBytes(inner, hold)]))
}

const SECRET = /^(headers|httpOptions|api_?key\w*|auth\w*|\w+_token)$/i

/** A copy without the credentials that a request hands to a server's tool. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (!isShape(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (SECRET.test(key) ? [] : [[key, withoutSecrets(inner)]])),
  )
}
