import { z } from 'zod'

/** The hold-out for evaluation. */
export interface EvaluationRecipe {
  /** Share of the components of people, sessions and prompts that is held out. @default 0 */
  share: number
}

/** Parses the recipe's key `evaluation`. */
export const evaluationSchema: z.ZodType<
  EvaluationRecipe,
  { [K in keyof EvaluationRecipe]?: EvaluationRecipe[K] | undefined } | undefined
> = z.strictObject({ share: z.number().min(0).max(0.5).default(0) }).prefault({})
