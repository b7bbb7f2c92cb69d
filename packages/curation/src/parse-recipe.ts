import { FlywheelError } from '@flywheel/schema'
import type { z } from 'zod'
import { targetsOf } from './publish/plan.js'
import { NO_COLUMNS } from './recipe/columns.js'
import { elsewhereOf } from './recipe/elsewhere.js'
import { withPreset } from './recipe/presets.js'
import { refuseTrainersOfEvaluation } from './recipe/purpose.js'
import { defaultRecipe, type Recipe, recipeSchema } from './recipe.js'
import { strategiesOf } from './strategies/strategies-of.js'

/**
 * Reads a recipe as a person wrote it: resolves its preset, fills defaults, refuses unknown keys and the ids of strategies, targets and
 * formats that nobody knows, before anything is read, as well as trainers' files of what was given to evaluation alone.
 * @throws FlywheelError `invalid_request` naming every key that is wrong, or the unknown id and the known ones
 */
export function parseRecipe(input: unknown): Recipe {
  const parsed = recipeSchema.safeParse(withPreset(input))
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'recipe'}: ${sentenceOf(issue)}`)
    throw new FlywheelError('invalid_request', `The recipe is not valid: ${issues.join('; ')}`)
  }
  strategiesOf(parsed.data)
  targetsOf(parsed.data)
  refuseTrainersOfEvaluation(parsed.data)
  return parsed.data
}

/** Every key but those of a filter; the default recipe does not show them all. */
const KNOWN: object = {
  ...defaultRecipe,
  columns: NO_COLUMNS,
  join: { file: '', by: '', key: '', columns: [] },
  filter: undefined,
  preset: undefined,
}

/** What is wrong; of an unknown key also where it belongs, or the keys that are known in its place. */
function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message
  const isOfRecipe = issue.path.length === 0
  const misplaced = isOfRecipe ? issue.keys.filter((key) => elsewhereOf(key) !== undefined) : []
  const sentences = misplaced.map((key) => `"${key}" does not stand in a recipe: ${elsewhereOf(key)}`)
  const keys = issue.keys.filter((key) => !misplaced.includes(key))
  return [...sentences, ...(keys.length === 0 ? [] : [unknownKeys(keys, issue.path)])].join('; ')
}

function unknownKeys(keys: readonly string[], path: readonly PropertyKey[]): string {
  let place: unknown = KNOWN
  for (const key of path) place = (place as Record<PropertyKey, unknown> | undefined)?.[key]
  const known = Object.keys(place ?? {}).sort()
  const unknown = `unknown ${keys.length === 1 ? 'key' : 'keys'} ${keys.map((key) => `"${key}"`).join(', ')}`
  return known.length === 0 ? unknown : `${unknown}; use ${known.join(', ')}`
}
