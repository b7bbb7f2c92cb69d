import { FlywheelError } from '@flywheel/schema'
import { z } from 'zod'

/** Names of stored recipes. */
export const STORED_NAME: RegExp = /^\w[\w.-]{0,99}$/

/** Stands wherever a recipe may: the one that the server stores under this name. */
export interface StoredRecipe {
  stored: string
  /** SHA-256 of the version, or how it begins. @default the latest */
  hash?: string | undefined
  /** Of the export, where the stored recipe has none of its own. @default the stored name */
  name?: string | undefined
}

/** `{ "stored": name, "hash"?: version, "name"?: of the export }` */
const storedRecipeSchema: z.ZodType<StoredRecipe> = z.strictObject({
  stored: z
    .string()
    .regex(
      STORED_NAME,
      'use 1 to 100 letters, digits, dots, hyphens and underscores, of which the first is no dot or hyphen',
    ),
  hash: z
    .string()
    .regex(/^[0-9a-f]{8,64}$/, 'use 8 to 64 hexadecimal digits')
    .optional(),
  name: z.string().min(1).max(200).optional(),
})

/** Whether something that stands for a recipe names a stored one. */
export function namesStored(recipe: unknown): boolean {
  return typeof recipe === 'object' && recipe !== null && 'stored' in recipe
}

/**
 * Reads the reference to a stored recipe.
 * @throws FlywheelError `invalid_request` naming every key that is wrong
 */
export function parseStored(reference: unknown): StoredRecipe {
  const parsed = storedRecipeSchema.safeParse(reference)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'recipe'}: ${issue.message}`)
  throw new FlywheelError('invalid_request', `The reference to a stored recipe is not valid: ${issues.join('; ')}`)
}
