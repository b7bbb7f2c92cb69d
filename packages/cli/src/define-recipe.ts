import type { RecipeDefinition } from '@flywheel/curation'

/** What an export does with the feedback that it finds. Every key has a default. */
export type Recipe = RecipeDefinition

/**
 * Types a recipe as it is written; returns it as it is.
 *
 * @example
 * // flywheel.recipe.ts, beside which `flywheel export run` is called
 * import { defineRecipe } from '@flywheel/cli'
 *
 * export default defineRecipe({
 *   name: 'replies',
 *   filter: { task: 'reply' },
 *   targets: ['trl', 'openai'],
 * })
 */
export function defineRecipe(recipe: Recipe): Recipe {
  return recipe
}
