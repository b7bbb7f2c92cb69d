import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'
import { inPath } from '../in-path.js'
import { blaming, recipeOf } from '../recipe/recipe-of.js'

/** As much of a hash as is shown, and as `--hash` takes. */
const SHOWN = 12

/** `flywheel recipe put`: a file, else the folder's own. */
export async function recipePut(context: CommandContext, name: string, file: string | undefined): Promise<number> {
  const { output } = context
  const chosen = await recipeOf(file === undefined ? {} : { recipe: file }, output)
  if (chosen.recipe === undefined) {
    throw new CliError(EXIT.usage, `There is no flywheel.recipe.* here; name a file: flywheel recipe put ${name} FILE`)
  }
  const { recipe } = chosen
  const response = await blaming(chosen, () =>
    createClient(context).v1.recipes[':name'].$put({ param: { name: inPath(name) }, json: recipe }),
  )
  const put = await response.json()
  const what = put.changed ? 'is stored' : 'was stored already'
  output.one(put, `${put.name} ${put.hash.slice(0, SHOWN)} ${what}; run it: flywheel export run --recipe-name ${name}`)
  return EXIT.ok
}

/** `flywheel recipe list`. */
export async function recipeList(context: CommandContext): Promise<number> {
  const response = await createClient(context).v1.recipes.$get({})
  const { items } = await response.json()
  context.output.rows(items, [
    { name: 'name', of: (row) => row.name, width: 100 },
    { name: 'hash', of: (row) => row.hash.slice(0, SHOWN) },
    { name: 'put', of: (row) => row.created_at },
    { name: 'versions', of: (row) => row.versions },
  ])
  if (items.length === 0) context.output.say('No recipes yet: flywheel recipe put NAME FILE stores one.')
  return EXIT.ok
}

/** `flywheel recipe show`. */
export async function recipeShow(context: CommandContext, name: string, own: { hash?: string }): Promise<number> {
  const query = own.hash === undefined ? {} : { hash: own.hash }
  const response = await createClient(context).v1.recipes[':name'].$get({ param: { name: inPath(name) }, query })
  const stored = await response.json()
  const versions = stored.versions.map((each) => {
    const mark = each.hash === stored.hash && each.created_at === stored.created_at ? '*' : ' '
    return `${mark} ${each.hash.slice(0, SHOWN)}  ${each.created_at}  by key ${each.key_id}`
  })
  context.output.one(stored, [JSON.stringify(stored.recipe, null, 2), '', ...versions].join('\n'))
  return EXIT.ok
}

/** `flywheel recipe delete`. */
export async function recipeDelete(context: CommandContext, name: string): Promise<number> {
  const response = await createClient(context).v1.recipes[':name'].$delete({ param: { name: inPath(name) } })
  const gone = await response.json()
  context.output.one(gone, `${gone.name} is deleted; its versions are kept, and a later put goes on from them`)
  return EXIT.ok
}
