import { z } from 'zod'

/** What counts as nearly the same prompt, and how many rows of one remain. */
export interface NearDuplicatesRecipe {
  /** Least Jaccard similarity of the prompts' word 5-grams. @default 0.8 */
  threshold: number
  /** Decisions (feedback events) of one shape whose rows a group keeps, the strongest first. @default 5 */
  keep: number
}

/** Parses the recipe's key `near_duplicates`. */
export const nearDuplicatesSchema: z.ZodType<
  NearDuplicatesRecipe,
  { [K in keyof NearDuplicatesRecipe]?: NearDuplicatesRecipe[K] | undefined } | undefined
> = z
  .strictObject({
    threshold: z.number().min(0.5).max(1).default(0.8),
    keep: z.int().min(1).max(1_000_000).default(5),
  })
  .prefault({})
