import { canonicalJson, parseRecipe, STORED_NAME, sha256 } from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import { deleteRecipe, getRecipe, listRecipes, putRecipe, recipeVersions } from '@flywheel/store'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, requireScope } from '../authenticate.js'
import { onInvalid } from '../invalid.js'
import type { ApiDeps } from '../ports.js'
import { notFoundProblem, problems } from '../shapes/common.js'
import { putRecipeSchema, recipeHeadSchema, storedRecipeSchema } from '../shapes/recipe.js'

const name = z
  .string()
  .regex(STORED_NAME, 'use 1 to 100 letters, digits, dots, hyphens and underscores, of which the first is no dot')

const put = createRoute({
  method: 'put',
  path: '/v1/recipes/{name}',
  tags: ['recipes'],
  summary: 'Store a recipe, or its next version; exports and plans that name it take it from now on',
  middleware: [requireScope('export:run')],
  request: {
    params: z.object({ name }),
    body: { required: true, content: { 'application/json': { schema: z.looseObject({}).openapi('Recipe') } } },
  },
  responses: {
    200: { description: 'The version in force', content: { 'application/json': { schema: putRecipeSchema } } },
    ...problems,
  },
})

const list = createRoute({
  method: 'get',
  path: '/v1/recipes',
  tags: ['recipes'],
  summary: 'Stored recipes, by name',
  middleware: [requireScope('read')],
  responses: {
    200: {
      description: 'Recipes',
      content: { 'application/json': { schema: z.object({ items: z.array(recipeHeadSchema) }) } },
    },
    ...problems,
  },
})

const show = createRoute({
  method: 'get',
  path: '/v1/recipes/{name}',
  tags: ['recipes'],
  summary: 'A stored recipe with its history',
  middleware: [requireScope('read')],
  request: {
    params: z.object({ name }),
    query: z.object({
      hash: z
        .string()
        .regex(/^[0-9a-f]{8,64}$/, 'use 8 to 64 hexadecimal digits')
        .optional()
        .openapi({ description: 'A version, or how its hash begins. Absent: the latest' }),
    }),
  },
  responses: {
    200: { description: 'The recipe', content: { 'application/json': { schema: storedRecipeSchema } } },
    ...problems,
    ...notFoundProblem,
  },
})

const remove = createRoute({
  method: 'delete',
  path: '/v1/recipes/{name}',
  tags: ['recipes'],
  summary: 'Take a recipe out of force; its versions are kept, and exports made by it stay as they are',
  middleware: [requireScope('export:run')],
  request: { params: z.object({ name }) },
  responses: {
    200: {
      description: 'It is in no list and runs no more',
      content: { 'application/json': { schema: z.object({ name: z.string() }) } },
    },
    ...problems,
    ...notFoundProblem,
  },
})

function missing(name: string, hash?: string): FlywheelError {
  const which = hash === undefined ? `no recipe ${name}` : `no version ${hash} of a recipe ${name}`
  return new FlywheelError('not_found', `This project stores ${which}; see flywheel recipe list`)
}

/** `PUT`, `GET` and `DELETE /v1/recipes/{name}`, `GET /v1/recipes`. */
export function recipeRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>({ defaultHook: onInvalid })
    .openapi(put, async (c) => {
      const { name } = c.req.valid('param')
      const { project_id, key_id } = c.get('caller')
      const recipe = c.req.valid('json')
      parseRecipe({ name, ...recipe })
      const body = canonicalJson(recipe)
      const { version, changed } = await putRecipe(db, { project_id, name, hash: sha256(body), body, key_id })
      return c.json({ name, hash: version.hash, created_at: version.created_at, changed }, 200)
    })
    .openapi(list, async (c) => {
      return c.json({ items: await listRecipes(db, c.get('caller').project_id) }, 200)
    })
    .openapi(show, async (c) => {
      const { name } = c.req.valid('param')
      const { hash } = c.req.valid('query')
      const { project_id } = c.get('caller')
      const found = await getRecipe(db, project_id, name, hash)
      if (found === null) throw missing(name, hash)
      const versions = await recipeVersions(db, project_id, name)
      const recipe = JSON.parse(found.body) as Record<string, unknown>
      return c.json(
        {
          name,
          hash: found.hash,
          created_at: found.created_at,
          recipe,
          versions: versions.map(({ hash, created_at, key_id }) => ({ hash, created_at, key_id })),
        },
        200,
      )
    })
    .openapi(remove, async (c) => {
      const { name } = c.req.valid('param')
      if (!(await deleteRecipe(db, c.get('caller').project_id, name))) throw missing(name)
      return c.json({ name }, 200)
    })
}
