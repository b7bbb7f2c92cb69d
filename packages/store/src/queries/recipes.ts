import type { Database } from '../database.js'
import { insertRows } from '../insert-rows.js'

/** A put of a recipe, without its body. */
export interface RecipeVersionHead {
  project_id: string
  name: string
  /** SHA-256 of the body. */
  hash: string
  /** The API key that it came with. */
  key_id: string
  created_at: string
}

/** A put of a recipe. */
export interface RecipeVersion extends RecipeVersionHead {
  /** JSON text. */
  body: string
}

interface HeadRow {
  project_id: string
  name: string
  /** Of the version in force; '' where the recipe was deleted. */
  hash: string
  body: string
  /** Of the version in force. */
  created_at: string
  updated_at: string
}

const HEAD = 'SELECT * FROM recipes FINAL WHERE project_id = {project:String} AND name = {name:String}'

async function headOf(db: Database, projectId: string, name: string): Promise<HeadRow | undefined> {
  return (await db.query<HeadRow>(HEAD, { project: projectId, name }))[0]
}

/** Never older than what it replaces, whatever this machine's clock says. */
function after(head: HeadRow | undefined, now: Date): string {
  const least = head === undefined ? 0 : Date.parse(head.updated_at) + 1
  return new Date(Math.max(now.getTime(), least)).toISOString()
}

/**
 * Stores a version of a recipe and puts it in force, unless it is in force already.
 * @returns the version in force, and whether this call made it
 */
export async function putRecipe(
  db: Database,
  version: Omit<RecipeVersion, 'created_at'>,
  now: Date = new Date(),
): Promise<{ version: RecipeVersionHead; changed: boolean }> {
  const { project_id, name, hash, body, key_id } = version
  const head = await headOf(db, project_id, name)
  if (head?.hash === hash) {
    // Not simply the newest: a put that was cut off left a version that was never in force.
    const inForce = (await recipeVersions(db, project_id, name)).find((each) => each.hash === hash)
    if (inForce !== undefined) return { version: inForce, changed: false }
  }
  const created_at = after(head, now)
  const made: RecipeVersionHead = { project_id, name, hash, key_id, created_at }
  // The history first: cut off in between, it holds a version that was never in force, and none is without its row.
  await insertRows(db, 'recipe_versions', [{ ...made, body }])
  await insertRows(db, 'recipes', [{ project_id, name, hash, body, created_at, updated_at: created_at }])
  return { version: made, changed: true }
}

/** The recipes in force with the number of their versions, by name. */
export async function listRecipes(
  db: Database,
  projectId: string,
): Promise<{ name: string; hash: string; created_at: string; versions: number }[]> {
  const recipes = await db.query<{ name: string; hash: string; created_at: string }>(
    `SELECT name, hash, created_at FROM recipes FINAL
     WHERE project_id = {project:String} AND hash != '' ORDER BY name`,
    { project: projectId },
  )
  const counts = await db.query<{ name: string; versions: number }>(
    'SELECT name, count() AS versions FROM recipe_versions FINAL WHERE project_id = {project:String} GROUP BY name',
    { project: projectId },
  )
  const versions = new Map(counts.map((each) => [each.name, each.versions]))
  return recipes.map((recipe) => ({ ...recipe, versions: versions.get(recipe.name) ?? 0 }))
}

/**
 * A stored recipe: the version in force, or the first that was put of those whose hash begins as given. The first, because
 * a plan that pins a version must keep it: a body whose hash begins alike is soon found by whoever may put one.
 * @returns null where there is no such recipe, it was deleted, or none of its versions has that hash
 */
export async function getRecipe(
  db: Database,
  projectId: string,
  name: string,
  hash?: string,
): Promise<Omit<RecipeVersion, 'key_id'> | null> {
  const head = await headOf(db, projectId, name)
  if (head === undefined || head.hash === '') return null
  if (hash === undefined) return head
  const [version] = await db.query<RecipeVersion>(
    `SELECT * FROM recipe_versions FINAL
     WHERE project_id = {project:String} AND name = {name:String} AND startsWith(hash, {hash:String})
     ORDER BY created_at, hash LIMIT 1`,
    { project: projectId, name, hash },
  )
  return version ?? null
}

/** Every put of a recipe, newest first, also of one that was deleted since. */
export async function recipeVersions(db: Database, projectId: string, name: string): Promise<RecipeVersionHead[]> {
  return db.query<RecipeVersionHead>(
    `SELECT * EXCEPT (body) FROM recipe_versions FINAL
     WHERE project_id = {project:String} AND name = {name:String} ORDER BY created_at DESC, hash`,
    { project: projectId, name },
  )
}

/**
 * Takes a recipe out of force; its versions stay, and a later put goes on from them.
 * @returns false where there is none
 */
export async function deleteRecipe(
  db: Database,
  projectId: string,
  name: string,
  now: Date = new Date(),
): Promise<boolean> {
  const head = await headOf(db, projectId, name)
  if (head === undefined || head.hash === '') return false
  await insertRows(db, 'recipes', [{ ...head, hash: '', body: '', updated_at: after(head, now) }])
  return true
}
