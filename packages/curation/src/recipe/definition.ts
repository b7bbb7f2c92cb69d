import type { RecipeInput } from '../recipe.js'
import type { FORMAT_IDS, STRATEGY_IDS, TARGET_IDS } from './ids.js'

/** A recipe as it is written in TypeScript: an id that nobody knows does not compile. */
export interface RecipeDefinition extends Omit<RecipeInput, 'strategies' | 'targets' | 'formats'> {
  /** How evidence becomes rows. @default all but `followup.repair` */
  strategies?: (typeof STRATEGY_IDS)[number][] | undefined
  /** The trainers whose layouts are written. @default trl */
  targets?: (typeof TARGET_IDS)[number][] | undefined
  /** How files are encoded, where the target reads them. @default jsonl and parquet */
  formats?: (typeof FORMAT_IDS)[number][] | undefined
}
