import type { JsonValue } from '@flywheel/schema/wire'
import type { HoldBlob } from '../blobs.js'
import { isShape, type Shape } from '../providers/shape.js'

/** Deeper than this nobody looks for bytes. */
const DEPTH = 8

/** The value with bytes replaced by their hash: as JSON, each of them would be a line of digits. */
export function plainValue(value: unknown, hold: HoldBlob, depth: number = DEPTH): JsonValue {
  if (value instanceof Uint8Array) return hold(value, 'application/octet-stream') as unknown as JsonValue
  if (value instanceof ArrayBuffer) return plainValue(new Uint8Array(value), hold)
  if (depth === 0) return value as JsonValue
  if (Array.isArray(value)) return value.map((one) => plainValue(one, hold, depth - 1))
  if (!isShape(value) || typeof (value as { toJSON?: unknown }).toJSON === 'function') return value as JsonValue
  const plain: Shape = {}
  for (const [name, one] of Object.entries(value)) plain[name] = plainValue(one, hold, depth - 1)
  return plain as JsonValue
}
