import { z } from 'zod'

/** Groups that a selection spreads over or floors. `prompt` is the first user turn. */
export const GROUPINGS = ['task', 'surface', 'model', 'user', 'prompt'] as const

/** One of `GROUPINGS`. */
export type Grouping = (typeof GROUPINGS)[number]

/** What a recipe keeps, instead of what it drops. */
export interface SelectionRecipe {
  /** `vouched`: only rows that a reviewer decided or an expert wrote. @default all */
  only: 'all' | 'vouched'
  /** Only rows whose rejected (or only judged) side is of one of these models; supervised rows have none. @default any */
  rejected_models: string[]
  /** Oldest feedback, measured back from the snapshot; null for any. @default null */
  max_age_ms: number | null
  /** Most rows of each shape, which is a training set of its own; null for all. @default null */
  budget: number | null
  /**
   * Which rows fill the budget first: what a correction tells, in characters; how far apart the sides are, times the
   * row's weight; who vouches for it. @default information
   */
  by: 'information' | 'margin' | 'expertise'
  /** Every group has its best row taken before any has its second; within it the next one's groups. @default none */
  spread: Grouping[]
  /** Shares of the budget by model of the rejected (or only) side; models that are not named share the rest. @default none */
  strata: Record<string, number>
  /** Rows of each group that neither caps nor length bias nor the budget take. @default 0 by task */
  reserve: { by: Grouping; rows: number }
}

type Loose<T> = { [K in keyof T]?: T[K] | undefined }

const reserve = z
  .strictObject({ by: z.enum(GROUPINGS).default('task'), rows: z.int().min(0).max(100_000).default(0) })
  .prefault({})

/** Parses the recipe's key `selection`. */
export const selectionSchema: z.ZodType<
  SelectionRecipe,
  (Loose<Omit<SelectionRecipe, 'reserve'>> & { reserve?: Loose<SelectionRecipe['reserve']> | undefined }) | undefined
> = z
  .strictObject({
    only: z.enum(['all', 'vouched']).default('all'),
    rejected_models: z.array(z.string().min(1)).max(100).default([]),
    max_age_ms: z.int().min(1).nullable().default(null),
    budget: z.int().min(1).max(10_000_000).nullable().default(null),
    by: z.enum(['information', 'margin', 'expertise']).default('information'),
    spread: z.array(z.enum(GROUPINGS)).max(GROUPINGS.length).default([]),
    strata: z.record(z.string().min(1), z.number().gt(0).max(1)).default({}),
    reserve,
  })
  .superRefine(({ strata, budget }, context) => {
    const shares = Object.values(strata)
    const issue = (message: string): void => context.addIssue({ code: 'custom', path: ['strata'], message })
    if (shares.length > 0 && budget === null) issue('are shares of a budget: set selection.budget as well')
    if (shares.reduce((a, b) => a + b, 0) > 1 + 1e-9) issue('are shares of the budget: together at most 1')
  })
  .prefault({})
