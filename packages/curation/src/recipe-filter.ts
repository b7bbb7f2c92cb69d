import { canonicalFilter, type InteractionFilter, interactionFilterSchema } from '@flywheel/schema'
import type { z } from 'zod'

const FROM_FEEDBACK = 'an export starts from feedback: choose among its kinds with strategies'
const NAMES_PEOPLE = 'the recipe is published in the manifest, which names nobody'

type Refused = 'text' | 'feedback_kind' | 'has_feedback' | 'user_id' | 'session_id'

/** Conditions of a list that a recipe refuses, each with its reason. */
const REFUSED: Record<Refused, string> = {
  text: 'bodies expire, and the same snapshot and recipe must give the same rows',
  feedback_kind: FROM_FEEDBACK,
  has_feedback: FROM_FEEDBACK,
  user_id: NAMES_PEOPLE,
  session_id: NAMES_PEOPLE,
}

/** Which interactions may enter a row: the filter of a list, less what would make an export differ or name somebody. */
export type RecipeFilter = Omit<InteractionFilter, Refused>

/** Parses a recipe's filter into its one spelling, so that two spellings of it hash alike; one without conditions is none. */
export const recipeFilterSchema: z.ZodType<RecipeFilter | undefined, RecipeFilter> = interactionFilterSchema
  .superRefine((filter, context) => {
    for (const [name, reason] of Object.entries(REFUSED)) {
      if (filter[name as Refused] === undefined) continue
      context.addIssue({ code: 'custom', path: [name], message: `cannot stand in a recipe: ${reason}` })
    }
  })
  .transform((filter) => {
    const canonical = canonicalFilter(filter)
    return canonical === '{}' ? undefined : (JSON.parse(canonical) as RecipeFilter)
  })
