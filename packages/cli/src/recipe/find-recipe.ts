import { readdir } from 'node:fs/promises'
import { CliError, EXIT } from '../exit.js'

const RECIPE = /^flywheel\.recipe\.(?:m?[jt]s|json|ya?ml)$/

/**
 * The recipe file of a folder by its name, `flywheel.recipe.*`, or null.
 * @throws CliError `usage` where there are two: nobody could tell which one an export was made by
 */
export async function findRecipe(folder: string): Promise<string | null> {
  const found = (await readdir(folder)).filter((name) => RECIPE.test(name)).sort()
  if (found.length > 1) {
    const message = `There are ${found.length} recipes here, ${found.join(' and ')}; name one with --recipe, or keep one`
    throw new CliError(EXIT.usage, message)
  }
  return found[0] ?? null
}
