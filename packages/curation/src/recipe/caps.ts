import { z } from 'zod'

/** The most that one of many may hold of a shape: a share of it, or so many rows where the share is fewer. */
export interface Cap {
  /** Share of the rows of one shape that remain. */
  share: number
  /** Rows that are left whatever the share. */
  rows: number
}

/** How much of a set one person and one prompt may hold. */
export interface CapsRecipe {
  /** Rows of one person; an equal share where people are too few for this one. @default a quarter, or 100 rows */
  user: Cap
  /** Rows with the same first user turn. @default a tenth, or 50 rows */
  prompt: Cap
}

type Loose<T> = { [K in keyof T]?: T[K] | undefined }

const cap = (share: number, rows: number) =>
  z
    .strictObject({ share: z.number().gt(0).max(1).default(share), rows: z.int().min(1).max(1_000_000).default(rows) })
    .prefault({})

/** Parses the recipe's key `caps`. */
export const capsSchema: z.ZodType<CapsRecipe, { [K in keyof CapsRecipe]?: Loose<Cap> | undefined } | undefined> = z
  .strictObject({ user: cap(0.25, 100), prompt: cap(0.1, 50) })
  .prefault({})
