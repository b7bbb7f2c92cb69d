import { CliError } from '../exit.js'
import type { Output } from '../output.js'
import { findRecipe } from './find-recipe.js'
import { readRecipe, type WrittenRecipe } from './read-recipe.js'

/** Flags of commands that take a recipe. */
export interface RecipeFlags {
  /** A file; false: none, not even the folder's. */
  recipe?: string | false
  /** One that the server stores. */
  recipeName?: string
}

/** A recipe, and the file that it was read from. */
export interface ChosenRecipe {
  /** Absent: the default recipe. */
  recipe?: WrittenRecipe
  file?: string
}

/**
 * The recipe that flags name, else the file `flywheel.recipe.*` of the current folder, which is said.
 * @throws CliError where a file is named and not there, is none, or the folder has two
 */
export async function recipeOf(
  { recipe: named, recipeName }: RecipeFlags,
  output: Pick<Output, 'say'>,
): Promise<ChosenRecipe> {
  if (recipeName !== undefined) return { recipe: { stored: recipeName } }
  if (named === false) return {}
  const file = named ?? (await findRecipe(process.cwd()))
  if (file === null) return {}
  const recipe = await readRecipe(file)
  if (named === undefined) output.say(`Recipe: ${file}`)
  return { recipe, file }
}

/** What the server said of a recipe, with the file that it came from. */
export async function blaming<Value>({ file }: ChosenRecipe, request: () => Promise<Value>): Promise<Value> {
  try {
    return await request()
  } catch (error) {
    if (file === undefined || !(error instanceof CliError) || error.code !== 'invalid_request') throw error
    throw new CliError(error.exitCode, `${file}: ${error.message}`, { cause: error, code: error.code })
  }
}
