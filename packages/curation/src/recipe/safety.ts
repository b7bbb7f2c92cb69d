import { z } from 'zod'

/** Which safety tags drop a row. */
export interface SafetyRecipe {
  /** Tags, such as `refusal_chosen` or `provider:hate`. @default none: rows are tagged and stay */
  drop: string[]
}

const tag = z
  .string()
  .regex(
    /^(?:(?:refusal|filter_text)_(?:chosen|rejected)|(?:reported|provider):[a-z0-9_]{1,60})$/,
    'use refusal_chosen, refusal_rejected, filter_text_chosen, filter_text_rejected, reported:<code> or provider:<category>',
  )

/** Parses the key `safety` of a recipe. */
export const safetySchema: z.ZodType<SafetyRecipe> = z.strictObject({ drop: z.array(tag).default([]) }).prefault({})
