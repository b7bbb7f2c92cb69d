import type { JsonObject } from '@flywheel/schema/wire'
import { asArray, asShape, asText } from './shape.js'

const STEP = /\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]/g

/** A piece's value; a text may be one of several of its place. */
function pieceValue(piece: Record<string, unknown>): unknown {
  return piece['stringValue'] ?? piece['numberValue'] ?? piece['boolValue'] ?? null
}

/**
 * The arguments of a call that were streamed piece by piece, each with the JSON Path (RFC 9535) of its place. Objects
 * have no prototype, so that no path leaves them, and a list grows by one, whatever index a piece names.
 */
export function gatherArguments(args: unknown, pieces: unknown): JsonObject {
  const root: Record<string, unknown> = Object.assign(Object.create(null), asShape(args))
  for (const given of asArray(pieces)) {
    const piece = asShape(given)
    const steps = [...(asText(piece['jsonPath']) ?? '').matchAll(STEP)].map(
      ([, name, index, quoted]) => name ?? quoted ?? Number(index),
    )
    let at: Record<string, unknown> = root
    steps.forEach((step, depth) => {
      const key = String(Array.isArray(at) && typeof step === 'number' ? Math.min(step, at.length) : step)
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
