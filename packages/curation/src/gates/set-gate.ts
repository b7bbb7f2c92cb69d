import type { Facts } from '../facts.js'
import type { Recipe } from '../recipe.js'
import type { Ports } from './gate.js'

/** What a gate over the whole set lets through and what it takes. Together they are what came in. */
export interface SetGateResult {
  kept: Facts[]
  dropped: { facts: Facts; reason: string }[]
}

/**
 * A gate that judges candidates by each other. It reads facts alone, never texts: they are all that is held in memory
 * of a set, whatever its size. One file each; add it to the registry in its place.
 */
export interface SetGate {
  readonly id: string
  run(facts: readonly Facts[], recipe: Recipe, ports: Ports): SetGateResult
}
