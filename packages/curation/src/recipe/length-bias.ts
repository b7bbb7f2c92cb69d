import { z } from 'zod'

/** How far the longer side may be the wanted one. */
export interface LengthBiasRecipe {
  /** Greatest share of the pairs whose chosen side is longer; 1 takes none away. @default 0.6 */
  max_chosen_longer: number
  /** Share of the pairs that remains whatever the bias. @default 0.5 */
  keep: number
  /** Pairs below which a share says nothing and none leaves. @default 100 */
  min_pairs: number
}

/** Parses the recipe's key `length_bias`. */
export const lengthBiasSchema: z.ZodType<
  LengthBiasRecipe,
  { [K in keyof LengthBiasRecipe]?: LengthBiasRecipe[K] | undefined } | undefined
> = z
  .strictObject({
    max_chosen_longer: z.number().min(0.5).max(1).default(0.6),
    keep: z.number().min(0).max(1).default(0.5),
    min_pairs: z.int().min(1).max(1_000_000).default(100),
  })
  .prefault({})
