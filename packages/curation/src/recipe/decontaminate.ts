import { z } from 'zod'

/** Evaluation sets that no row may repeat. */
export interface DecontaminateRecipe {
  /** Names of registered sets. @default none */
  sets: string[]
  /** Share of an item's distinct word 8-grams that makes a row a repetition of it. @default 0.5 */
  overlap: number
}

/** Parses the recipe's key `decontaminate`. */
export const decontaminateSchema: z.ZodType<
  DecontaminateRecipe,
  { [K in keyof DecontaminateRecipe]?: DecontaminateRecipe[K] | undefined } | undefined
> = z
  .strictObject({
    sets: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'a set has a name of a-z, 0-9, - and _'))
      .max(100)
      .transform((names) => [...new Set(names)].sort())
      .default([]),
    overlap: z.number().gt(0).max(1).default(0.5),
  })
  .prefault({})
