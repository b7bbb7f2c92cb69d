import type { Candidate } from './candidate.js'
import type { Parts } from './draft.js'
import type { FeedbackState } from './evidence/feedback-state.js'
import type { Recipe } from './recipe.js'
import { strategiesOf } from './strategies/strategies-of.js'
import type { Strategy } from './strategies/strategy.js'
import { byCodeUnit } from './text/canonical-json.js'
import type { World } from './world.js'

function joined(strategy: Strategy, state: FeedbackState, world: World): (Parts | string)[] {
  if (!strategy.claims(state.row)) return []
  return state.fate === 'live' ? [strategy.join(state, world)].flat() : [state.fate]
}

/**
 * What a strategy makes of one event. An event that it cannot even look at stays a candidate, as `unreadable`: it must
 * not stop every export after it, nor leave without being counted.
 */
export function candidatesFor(strategy: Strategy, state: FeedbackState, world: World): Candidate[] {
  let parts: (Parts | string)[]
  try {
    parts = joined(strategy, state, world)
  } catch {
    parts = ['unreadable']
  }
  return parts.map((each) => ({ strategy, state, parts: each }))
}

/** Every candidate of a world: strategies in the order of their ids, and of each the events in the order of theirs. */
export function candidatesOf(world: World, recipe: Recipe): Candidate[] {
  const strategies = strategiesOf(recipe).sort((a, b) => byCodeUnit(a.id, b.id))
  return strategies.flatMap((strategy) => world.states.flatMap((state) => candidatesFor(strategy, state, world)))
}
