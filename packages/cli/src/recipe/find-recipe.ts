import { readdir } from 'node:fs/promises'
import { CliError, EXIT } from '../exit.js'

const RECIPE = /^flywheel\.recipe\.(?:m?[jt]s|json|ya?ml)$/
/** Somebody meant it: passed over, an export would be made by the default recipe, and nobody would be told. */
const MEANT = /^flywheel\.recipe\.(?:[cm]?[jt]sx?|json[5c]?|ya?ml|toml)$/i

/**
 * The recipe file of a folder by its name, `flywheel.recipe.*`, or null.
 * @throws CliError `usage` where there are two, because nobody could tell which one an export was made by, or one whose
 * ending nobody reads
 */
export async function findRecipe(folder: string): Promise<string | null> {
  const found = (await readdir(folder)).filter((name) => MEANT.test(name)).sort()
  const unread = found.find((name) => !RECIPE.test(name))
  if (unread !== undefined) {
    const message = `${unread} is no recipe by its name; let it end in .ts, .mts, .js, .mjs, .json, .yaml or .yml`
    throw new CliError(EXIT.usage, message)
  }
  if (found.length > 1) {
    const message = `There are ${found.length} recipes here, ${found.join(' and ')}; name one with --recipe, or keep one`
    throw new CliError(EXIT.usage, message)
  }
  return found[0] ?? null
}
