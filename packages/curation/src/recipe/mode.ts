import { z } from 'zod'

/**
 * What an export holds: every row of the snapshot, or only what is new since the export before it in the chain of the
 * same recipe, with a list of the rows that no longer stand.
 */
export const EXPORT_MODES = ['full', 'delta'] as const

/** One of `EXPORT_MODES`. */
export type ExportMode = (typeof EXPORT_MODES)[number]

/** The recipe's key `mode`. @default full */
export const modeSchema: z.ZodDefault<z.ZodEnum<{ [K in ExportMode]: K }>> = z.enum(EXPORT_MODES).default('full')
