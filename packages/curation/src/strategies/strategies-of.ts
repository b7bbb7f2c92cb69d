import { FlywheelError } from '@flywheel/schema'
import type { UnitJoins } from '../evidence/units.js'
import type { Recipe } from '../recipe.js'
import { STRATEGIES } from './registry.js'
import type { Strategy } from './strategy.js'

/**
 * The strategies that a recipe names.
 * @throws FlywheelError `invalid_request` for an id that is none, naming the known ones
 */
export function strategiesOf(recipe: Pick<Recipe, 'strategies'>): Strategy[] {
  return recipe.strategies.map((id) => {
    const strategy = STRATEGIES.find((each) => each.id === id)
    if (strategy !== undefined) return strategy
    const known = STRATEGIES.map((each) => each.id).join(', ')
    throw new FlywheelError('invalid_request', `recipe: unknown strategy "${id}"; use one of ${known}`)
  })
}

/** The joins that the strategies of a recipe make. */
export function joinsOf(recipe: Pick<Recipe, 'strategies'>): UnitJoins {
  const joins = strategiesOf(recipe).map((strategy) => strategy.joins)
  return { prompts: joins.includes('prompts'), sessions: joins.includes('sessions') }
}
