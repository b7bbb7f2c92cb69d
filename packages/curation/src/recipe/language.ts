import { z } from 'zod'

/** Which languages stay. */
export interface LanguageRecipe {
  /** ISO 639-1 codes, and `und` for what cannot be told; an empty list keeps all. @default all, tagged */
  keep: string[]
}

/** Parses the key `language` of a recipe. */
export const languageSchema: z.ZodType<LanguageRecipe> = z
  .strictObject({
    keep: z.array(z.string().regex(/^(?:[a-z]{2}|und)$/, 'use a code such as "en", or "und"')).default([]),
  })
  .prefault({})
