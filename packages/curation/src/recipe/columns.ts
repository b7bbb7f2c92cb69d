import { z } from 'zod'
import { byCodeUnit } from '../text/canonical-json.js'

/** Fields of the captured interaction that a recipe allows into the sidecar, by the names that the store has for them. */
export interface ColumnsRecipe {
  /** @default false */
  prompt_version: boolean
  /** Version of the host's own code. @default false */
  release: boolean
  /** Every tag, or only these. @default none */
  tags: 'all' | string[]
  /** Keys of the interaction's metadata. @default none */
  metadata: string[]
}

/** The columns of a recipe that asks for none. */
export const NO_COLUMNS: ColumnsRecipe = { prompt_version: false, release: false, tags: [], metadata: [] }

const NAMES_PEOPLE = 'cannot stand in a sidecar, which names nobody; rows of one person share `component`'

/** Spellings of what says who somebody is, as the name of a column. */
const OF_PEOPLE = /^(?:user|session)[_-]?id$/i

const refused = z.undefined({ error: NAMES_PEOPLE }).optional()

/** Names of columns of a sidecar, sorted, each once; those that say who somebody is are refused. */
export const columnNames: z.ZodType<string[], string[]> = z
  .array(z.string().min(1).max(200))
  .max(100)
  .superRefine((names, context) => {
    for (const name of names.filter((each) => OF_PEOPLE.test(each))) {
      context.addIssue({ code: 'custom', message: `"${name}" ${NAMES_PEOPLE}` })
    }
  })
  .transform((names) => [...new Set(names)].sort(byCodeUnit))

type Loose<T> = { [K in keyof T]?: T[K] | undefined }

/** Parses the recipe's key `columns` into its one spelling; one that asks for nothing is none. */
export const columnsSchema: z.ZodType<ColumnsRecipe | undefined, Loose<ColumnsRecipe>> = z
  .strictObject({
    prompt_version: z.boolean().default(false),
    release: z.boolean().default(false),
    tags: z.union([z.literal('all'), columnNames], { error: 'use "all", or a list of tags' }).default([]),
    metadata: columnNames.default([]),
    user_id: refused,
    session_id: refused,
  })
  .transform(({ prompt_version, release, tags, metadata }) => {
    const isNone = !prompt_version && !release && tags.length === 0 && metadata.length === 0
    return isNone ? undefined : { prompt_version, release, tags, metadata }
  })
