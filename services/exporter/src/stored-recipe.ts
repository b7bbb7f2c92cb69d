import { namesStored, parseStored, type RecipeInput, type StoredRecipe } from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import { type Database, getRecipe } from '@flywheel/store'

/**
 * What stands for a recipe as one that a person wrote: of a reference the stored recipe as it is now, of anything else
 * itself, unread.
 * @throws FlywheelError `not_found` where the project stores none of that name or version
 */
export async function resolveStored(
  db: Database,
  projectId: string,
  recipe: RecipeInput | StoredRecipe,
): Promise<RecipeInput> {
  if (!namesStored(recipe)) return recipe as RecipeInput
  const { stored, hash, name = stored } = parseStored(recipe)
  const found = await getRecipe(db, projectId, stored, hash)
  if (found !== null) return { name, ...(JSON.parse(found.body) as RecipeInput) }
  const version = hash === undefined ? '' : ` with a version ${hash}`
  throw new FlywheelError(
    'not_found',
    `This project stores no recipe ${stored}${version}; see flywheel recipe list, or put one: flywheel recipe put ${stored} FILE`,
  )
}
