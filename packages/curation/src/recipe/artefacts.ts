import { z } from 'zod'

/** What tells one side from the other without saying anything. */
export const ARTEFACTS = ['reasoning', 'citations', 'signatures', 'white_space'] as const

/** Kind of a one-sided artefact. */
export type Artefact = (typeof ARTEFACTS)[number]

/** Which one-sided artefacts are taken out of the sides. */
export interface ArtefactsRecipe {
  /** @default all of them */
  remove: Artefact[]
  /** Corrections of an author before the lines that they repeat count as a signature. @default 5 */
  signature_min_edits: number
  /** Share of an author's corrections that begin or end with the same lines. @default 0.5 */
  signature_share: number
}

/** Parses the key `artefacts` of a recipe. */
export const artefactsSchema: z.ZodType<ArtefactsRecipe> = z
  .strictObject({
    remove: z.array(z.enum(ARTEFACTS)).default([...ARTEFACTS]),
    signature_min_edits: z.int().min(2).default(5),
    signature_share: z.number().min(0).max(1).default(0.5),
  })
  .prefault({})
