import type { JsonObject } from '@flywheel/schema/wire'
import { asArray, asShape, asText } from './shape.js'

const STEP = /\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]/g

/** A piece's value; a text may be one of several of its place. */
function pieceValue(piece: Record<string, unknown>): unknown {
  return piece['stringValue'] ?? piece['numberValue'] ?? piece['boolValue'] ?? null
}

/** The host's chunk stays as it was, and what is written into has no prototype. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyOf)
  const copy = Object.create(null) as Record<string, unknown>
  for (const [name, inner] of Object.entries(value)) copy[name] = copyOf(inner)
  return copy
}

/**
 * The arguments of a call that were streamed piece by piece, each with the JSON Path (RFC 9535) of its place. Objects
 * are copies without a prototype and a list has no members but its elements, so that no path leaves them; a list grows by
 * one, whatever index a piece names.
 */
export function gatherArguments(args: unknown, pieces: unknown): JsonObject {
  const root = copyOf(asShape(args)) as Record<string, unknown>
  for (const given of asArray(pieces)) {
    const piece = asShape(given)
    const steps = [...(asText(piece['jsonPath']) ?? '').matchAll(STEP)].map(
      ([, name, index, quoted]) => name ?? quoted ?? Number(index),
    )
    let at: Record<string, unknown> = root
    steps.forEach((step, depth) => {
      const key = String(Array.isArray(at) && typeof step === 'number' ? Math.min(step, at.length) : step)
      // A list has no such member, and what it has from its prototype is everybody's.
      if (Array.isArray(at) && typeof step !== 'number') return
      if (depth === steps.length - 1) {
        const [before, value] = [at[key], pieceValue(piece)]
        at[key] = typeof before === 'string' && typeof value === 'string' ? before + value : value
        return
      }
      const inner = at[key]
      if (typeof inner !== 'object' || inner === null) {
        at[key] = typeof steps[depth + 1] === 'number' ? [] : Object.create(null)
      }
      at = at[key] as Record<string, unknown>
    })
  }
  return root as JsonObject
}
