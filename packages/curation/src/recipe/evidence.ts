import { z } from 'zod'
import { DEFAULT_REJECTIONS } from '../text/rejection.js'
import { STRATEGY_IDS } from './ids.js'

/** Every strategy of the catalogue but `followup.repair`, which reads a refusal into a person's next words. */
export const DEFAULT_STRATEGIES: readonly string[] = STRATEGY_IDS.filter((id) => id !== 'followup.repair')

/** When signs are strong enough for a row. */
export interface EvidenceRecipe {
  /** `regenerate.edited` also pairs the edited second sample with the first one. @default false */
  weak_pair: boolean
  /** `thumbs.pair`: least difference of net thumbs. @default 2 */
  thumbs_min_gap: number
  /**
   * `thumbs.pair`: least share, of the thumbs on both samples, that says what the pair says: up on the liked, down on the
   * disliked. People who differ about a sample are near to a coin's toss (docs/measured.md). @default 0.8
   */
  thumbs_min_agreement: number
  /** `thumbs.pair`: least number of people behind the thumbs of both sides. @default 2 */
  thumbs_min_authors: number
  /** Share of an accepted answer that a `retain` must find kept. @default 0.5 */
  retained_share: number
  /** Shortest horizon of a `retain` that counts. @default 10 minutes, as for code; 24 h is usual for documents */
  retained_ms: number
  /** The same for single tasks, by name. @default none */
  retained_ms_by_task: Record<string, number>
  /** `followup.repair`: how a message that rejects an answer begins. @default phrases of English, German, French and Spanish */
  followup_rejections: string[]
  /** Questions that two or more people judged before their agreement replaces a prior. @default 100 */
  recalibrate_from: number
}

const duration = z.int().min(0)

/** Parses the part of a recipe that says when signs are strong enough. */
export const evidenceSchema: z.ZodType<
  EvidenceRecipe,
  { [K in keyof EvidenceRecipe]?: EvidenceRecipe[K] | undefined } | undefined
> = z
  .strictObject({
    weak_pair: z.boolean().default(false),
    thumbs_min_gap: z.int().min(2).max(1000).default(2),
    thumbs_min_agreement: z.number().min(0.5).max(1).default(0.8),
    thumbs_min_authors: z.int().min(1).max(1000).default(2),
    retained_share: z.number().min(0).max(1).default(0.5),
    retained_ms: duration.default(600_000),
    retained_ms_by_task: z.record(z.string(), duration).default({}),
    followup_rejections: z
      .array(z.string().trim().min(1))
      .min(1)
      .default([...DEFAULT_REJECTIONS]),
    recalibrate_from: z.int().min(10).max(1_000_000).default(100),
  })
  .prefault({})
