import { PURPOSES, type Purpose } from '@flywheel/schema'
import { z } from 'zod'
import { type ArtefactsRecipe, artefactsSchema } from './recipe/artefacts.js'
import { type CapsRecipe, capsSchema } from './recipe/caps.js'
import { type ColumnsRecipe, columnsSchema } from './recipe/columns.js'
import { type DecontaminateRecipe, decontaminateSchema } from './recipe/decontaminate.js'
import { type EvaluationRecipe, evaluationSchema } from './recipe/evaluation.js'
import { DEFAULT_STRATEGIES, type EvidenceRecipe, evidenceSchema } from './recipe/evidence.js'
import type { PresetId } from './recipe/ids.js'
import { type JoinRecipe, joinSchema } from './recipe/join.js'
import { type LanguageRecipe, languageSchema } from './recipe/language.js'
import { type LengthBiasRecipe, lengthBiasSchema } from './recipe/length-bias.js'
import { type ExportMode, modeSchema } from './recipe/mode.js'
import { type NearDuplicatesRecipe, nearDuplicatesSchema } from './recipe/near-duplicates.js'
import { type ReasoningMode, reasoningSchema } from './recipe/reasoning.js'
import { type RedactRecipe, redactSchema } from './recipe/redact.js'
import { type RightsRecipe, rightsSchema } from './recipe/rights.js'
import { type SafetyRecipe, safetySchema } from './recipe/safety.js'
import { type SelectionRecipe, selectionSchema } from './recipe/selection.js'
import { type WeightMode, weightsSchema } from './recipe/weights.js'
import { type RecipeFilter, recipeFilterSchema } from './recipe-filter.js'
import { canonicalJson, sha256 } from './text/canonical-json.js'

const HOUR = 3_600_000

/** What an export does with a snapshot. Written by people, so an unknown key is an error. */
export interface Recipe {
  name: string
  purpose: Purpose
  /** Every interaction behind a row must meet it. @default all may enter */
  filter?: RecipeFilter | undefined
  /** Ids of strategies. */
  strategies: string[]
  /** When signs are strong enough for the strategies that weigh them. */
  evidence: EvidenceRecipe
  settling: {
    /** How long a committed correction or a choice rests before it counts. */
    committed_ms: number
    /** How long a draft must be quiet. */
    draft_ms: number
    /** How long evidence that rests on silence (a lone thumb, an accepted second sample) waits for what contradicts it. */
    late_feedback_ms: number
  }
  edit: {
    /** Below this word distance an edit is cosmetic. */
    min_distance: number
    /** Above this word distance with less than `min_containment` kept it is a text from elsewhere. */
    max_distance: number
    min_containment: number
  }
  /** Which personal values become placeholders. */
  redact: RedactRecipe
  /** What is taken out of a side because of who wrote it. */
  artefacts: ArtefactsRecipe
  /** Whose models' texts may be trained on. */
  rights: RightsRecipe
  /** Which languages stay. */
  language: LanguageRecipe
  /** Which safety tags drop a row. */
  safety: SafetyRecipe
  near_duplicates: NearDuplicatesRecipe
  caps: CapsRecipe
  length_bias: LengthBiasRecipe
  decontaminate: DecontaminateRecipe
  selection: SelectionRecipe
  evaluation: EvaluationRecipe
  split: { validation: number; seed: string }
  /** Fields of the captured interaction that stand in the sidecar. @default none */
  columns?: ColumnsRecipe | undefined
  /** A file of the user's own whose columns stand in the sidecar too. @default none */
  join?: JoinRecipe | undefined
  /** Every row, or what is new since the chain's last export. */
  mode: ExportMode
  /** Whether what models thought is kept. */
  reasoning: ReasoningMode
  /** Ids of targets: the trainers whose layouts are written. */
  targets: string[]
  /** Ids of formats: how files are encoded, where the target reads them. */
  formats: string[]
  /** How a row's weight reaches the trainer. */
  weights: WeightMode
  /** Rows of one shard. */
  shard_rows: number
}

/** Every key may be left out, at every depth; lists and records are given whole. */
type Loose<T> = T extends readonly unknown[]
  ? T
  : string extends keyof T
    ? T
    : { [K in keyof T]?: Loose<T[K]> | undefined }

/** What a person may write: every key has a default. */
export interface RecipeInput extends Loose<Recipe> {
  /** A recipe to start from; what stands beside it goes before what the preset says. @default none */
  preset?: PresetId | undefined
}

const duration = z.int().min(0)
const share = z.number().min(0).max(1)

/** Parses a recipe whose preset is resolved, fills defaults and refuses unknown keys. */
export const recipeSchema: z.ZodType<Recipe, Omit<RecipeInput, 'preset'>> = z.strictObject({
  name: z.string().min(1).max(200).default('default'),
  purpose: z.enum(PURPOSES).default('train'),
  filter: recipeFilterSchema.optional(),
  strategies: z
    .array(z.string())
    .min(1)
    .default([...DEFAULT_STRATEGIES]),
  evidence: evidenceSchema,
  settling: z
    .strictObject({
      committed_ms: duration.default(0),
      draft_ms: duration.default(24 * HOUR),
      late_feedback_ms: duration.default(72 * HOUR),
    })
    .prefault({}),
  edit: z
    .strictObject({
      min_distance: share.default(0.02),
      max_distance: share.default(0.95),
      min_containment: share.default(0.05),
    })
    .prefault({}),
  redact: redactSchema,
  artefacts: artefactsSchema,
  rights: rightsSchema,
  language: languageSchema,
  safety: safetySchema,
  near_duplicates: nearDuplicatesSchema,
  caps: capsSchema,
  length_bias: lengthBiasSchema,
  decontaminate: decontaminateSchema,
  selection: selectionSchema,
  evaluation: evaluationSchema,
  split: z
    .strictObject({ validation: z.number().min(0).max(0.5).default(0.1), seed: z.string().default('flywheel') })
    .prefault({}),
  columns: columnsSchema.optional(),
  join: joinSchema.optional(),
  mode: modeSchema,
  reasoning: reasoningSchema,
  targets: z.array(z.string()).min(1).default(['trl']),
  formats: z.array(z.string()).min(1).default(['jsonl', 'parquet']),
  weights: weightsSchema,
  shard_rows: z.int().min(1).max(1_000_000).default(10_000),
}) as z.ZodType<Recipe, Omit<RecipeInput, 'preset'>>

/** The recipe of an export that names none. */
export const defaultRecipe: Recipe = recipeSchema.parse({})

/** SHA-256 of the resolved recipe: two spellings of one recipe hash alike. */
export function recipeHash(recipe: Recipe): string {
  return sha256(canonicalJson(recipe))
}
