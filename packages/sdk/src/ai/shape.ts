import type { JsonObject, JsonValue, OtherPart, Part } from '@flywheel/schema/wire'

/**
 * The AI SDK's shapes are read defensively: three majors, their betas and community providers differ in what they leave
 * out. What is built is only ever written as JSON, which leaves `undefined` out by itself.
 */
export type Shape = Record<string, unknown>

export const isShape = (value: unknown): value is Shape =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const asShape = (value: unknown): Shape => (isShape(value) ? value : {})
export const asArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A count of tokens or bytes, or undefined for what is none. */
export function asCount(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

/** What the contract has no part for, verbatim. */
export function other(type: unknown, raw: unknown): OtherPart {
  return { type: 'other', provider_type: asText(type) ?? 'unknown', raw: raw as JsonValue }
}

/** The part with whatever else was given kept in `extra`. */
export function withExtra<P extends Part>(part: P, rest: Shape): P {
  const entries = Object.entries(rest).filter(([, value]) => value !== undefined && value !== null)
  if (entries.length > 0) part.extra = { ...part.extra, ...(Object.fromEntries(entries) as JsonObject) }
  return part
}
