import { z } from 'zod'

/** Words that name a harm: a code of people's that holds one is tagged with the word, and with nothing else of it. */
export const HARMS = [
  'unsafe',
  'safety',
  'harm',
  'harmful',
  'toxic',
  'toxicity',
  'offensive',
  'hate',
  'hateful',
  'violent',
  'violence',
  'sexual',
  'self_harm',
  'illegal',
  'dangerous',
  'abuse',
  'abusive',
  'bias',
  'biased',
  'privacy',
  'discrimination',
] as const

/** Which safety tags drop a row. */
export interface SafetyRecipe {
  /** Tags, such as `refusal_chosen` or `provider:hate`. @default none: rows are tagged and stay */
  drop: string[]
}

const tag = z
  .string()
  .regex(
    new RegExp(
      `^(?:(?:refusal|filter_text)_(?:chosen|rejected)|reported:(?:${HARMS.join('|')})|provider:[a-z0-9_]{1,60})$`,
    ),
    `use refusal_chosen, refusal_rejected, filter_text_chosen, filter_text_rejected, provider:<category> or reported:<harm> with one of: ${HARMS.join(', ')}`,
  )

/** Parses the key `safety` of a recipe. */
export const safetySchema: z.ZodType<SafetyRecipe> = z.strictObject({ drop: z.array(tag).default([]) }).prefault({})
