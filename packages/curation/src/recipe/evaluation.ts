import { z } from 'zod'

/** The hold-out for evaluation. */
export interface EvaluationRecipe {
  /**
   * Share of the components of people, sessions and prompts that is held out for good: their rows are written as the
   * evaluation set and never for a trainer. @default 0
   */
  share: number
}

/** The splits whose rows are trained on, or watched while training. */
export const TRAINING_SPLITS: readonly string[] = ['train', 'validation']

/** The split that no trainer ever sees. */
export const EVALUATION_SPLIT = 'evaluation'

/**
 * Whether a recipe makes an evaluation set: it holds rows out, or names the target. Only then are reasons and tags
 * read. What an earlier export of the project held out is never trained on, whatever the recipe.
 */
export function makesEvaluationSet(recipe: { evaluation: EvaluationRecipe; targets: readonly string[] }): boolean {
  return recipe.evaluation.share > 0 || recipe.targets.includes(EVALUATION_SPLIT)
}

/** Parses the recipe's key `evaluation`. */
export const evaluationSchema: z.ZodType<
  EvaluationRecipe,
  { [K in keyof EvaluationRecipe]?: EvaluationRecipe[K] | undefined } | undefined
> = z.strictObject({ share: z.number().min(0).max(0.5).default(0) }).prefault({})
