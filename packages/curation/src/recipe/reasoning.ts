import { z } from 'zod'

/**
 * Whether what a model thought stays with its messages, in the key `reasoning_content`, where the target has a place
 * for it; of a pair only where both sides have some.
 */
export const REASONING_MODES = ['drop', 'keep'] as const

/** One of `REASONING_MODES`. */
export type ReasoningMode = (typeof REASONING_MODES)[number]

/** The recipe's key `reasoning`. @default drop */
export const reasoningSchema: z.ZodDefault<z.ZodEnum<{ [K in ReasoningMode]: K }>> = z
  .enum(REASONING_MODES)
  .default('drop')
