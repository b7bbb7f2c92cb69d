import { z } from 'zod'
import { columnNames } from './columns.js'

/** A file of the user's own whose columns stand in the sidecar. */
export interface JoinRecipe {
  /** Its name in `joins/` in the folder of exports; JSON lines or CSV with a header. */
  file: string
  /** By what its rows are found: the host's own key for an answer (`ref`), or the id of the interaction. */
  by: 'ref' | 'id'
  /** Its column that holds them. @default as `by` */
  key: string
  /** Its columns that stand in the sidecar. */
  columns: string[]
}

/** A value of a joined column; every other one of the column has the same type, or is null. */
export type JoinedValue = string | number | boolean | null

/** Rows of a joined file by their key: the columns that the recipe names, each of them. */
export type JoinedRows = ReadonlyMap<string, Readonly<Record<string, JoinedValue>>>

type Loose<T> = { [K in keyof T]?: T[K] | undefined }

/** Parses the recipe's key `join`. */
export const joinSchema: z.ZodType<JoinRecipe, Loose<JoinRecipe>> = z
  .strictObject({
    file: z
      .string({ error: 'name a file in joins/' })
      .regex(
        /^[a-z0-9][a-z0-9_-]{0,63}\.(?:csv|jsonl)$/,
        'name a file of joins/ by a-z, 0-9, - and _, with .csv or .jsonl at its end',
      ),
    by: z.enum(['ref', 'id'], { error: 'use "ref" or "id"' }),
    key: z.string().min(1).max(200).optional(),
    columns: columnNames.refine((names) => names.length > 0, 'name a column'),
  })
  .transform(({ file, by, key = by, columns }) => ({ file, by, key, columns }))
  .superRefine(({ key, columns }, context) => {
    if (!columns.includes(key)) return
    const message = `"${key}" is the key, by which the host knows whose the answer is; row_id stands for it`
    context.addIssue({ code: 'custom', path: ['columns'], message })
  })
