import { FlywheelError } from '@flywheel/schema'
import { targetsOf } from './publish/plan.js'
import { withPreset } from './recipe/presets.js'
import { type Recipe, recipeSchema } from './recipe.js'
import { strategiesOf } from './strategies/strategies-of.js'

/**
 * Reads a recipe as a person wrote it: resolves its preset, fills defaults, refuses unknown keys and the ids of strategies, targets and
 * formats that nobody knows, before anything is read.
 * @throws FlywheelError `invalid_request` naming every key that is wrong, or the unknown id and the known ones
 */
export function parseRecipe(input: unknown): Recipe {
  const parsed = recipeSchema.safeParse(withPreset(input))
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'recipe'}: ${issue.message}`)
    throw new FlywheelError('invalid_request', `The recipe is not valid: ${issues.join('; ')}`)
  }
  strategiesOf(parsed.data)
  targetsOf(parsed.data)
  return parsed.data
}
