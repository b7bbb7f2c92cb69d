import { z } from '@hono/zod-openapi'
import { timeSchema } from './common.js'

const hash = z.string().openapi({ description: 'SHA-256 of the recipe as it was put, in canonical JSON' })

/** One put of a recipe. */
export const recipeVersionSchema = z
  .object({
    hash,
    created_at: timeSchema,
    key_id: z.string().openapi({ description: 'The API key that it came with' }),
  })
  .openapi('RecipeVersion')

/** One recipe of the list. */
export const recipeHeadSchema = z
  .object({
    name: z.string(),
    hash,
    created_at: timeSchema.openapi({ description: 'When this version was put' }),
    versions: z.number().int(),
  })
  .openapi('StoredRecipeHead')

/** A stored recipe with its history. */
export const storedRecipeSchema = z
  .object({
    name: z.string(),
    hash,
    created_at: timeSchema.openapi({ description: 'When this version was put' }),
    recipe: z.looseObject({}).openapi({ description: 'As it was put, less its defaults' }),
    versions: z.array(recipeVersionSchema).openapi({ description: 'Every put, newest first' }),
  })
  .openapi('StoredRecipe')

/** What became of a put. */
export const putRecipeSchema = z
  .object({
    name: z.string(),
    hash,
    created_at: timeSchema.openapi({ description: 'When this version was put' }),
    changed: z.boolean().openapi({ description: 'False: this recipe was in force already, and no version was made' }),
  })
  .openapi('PutRecipe')

/** What stands for a recipe in a request. */
export const recipeOrReferenceSchema = z.looseObject({}).openapi({
  description:
    'A recipe, or `{"stored": name}` with the `hash` of a version if not the latest, for one of `PUT /v1/recipes/{name}`. Absent: the default recipe',
})
