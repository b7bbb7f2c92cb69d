import { z } from 'zod'

/**
 * How a row's weight (2p - 1) reaches the trainer: as a column `weight`, as a column `margin` (the log-odds of p), by
 * repetition of heavy rows in train, or only in the sidecar.
 */
export const WEIGHT_MODES = ['column', 'margin', 'resample', 'none'] as const

/** One of `WEIGHT_MODES`. */
export type WeightMode = (typeof WEIGHT_MODES)[number]

/** The recipe's key `weights`. @default none */
export const weightsSchema: z.ZodDefault<z.ZodEnum<{ [K in WeightMode]: K }>> = z.enum(WEIGHT_MODES).default('none')
