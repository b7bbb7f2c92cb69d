import { DETECTORS, type DetectorName } from '@flywheel/redaction'
import { z } from 'zod'

/** Which personal values and secrets are replaced in prompts, tools and sides. */
export interface RedactRecipe {
  /** Names of detectors; an empty list replaces nothing, and the card says so. @default all but `ssn` and `ip` */
  detectors: DetectorName[]
}

const names = Object.keys(DETECTORS) as DetectorName[]

/** Parses the key `redact` of a recipe. */
export const redactSchema: z.ZodType<RedactRecipe> = z
  .strictObject({ detectors: z.array(z.enum(names)).default(names.filter((name) => DETECTORS[name][1])) })
  .prefault({})
