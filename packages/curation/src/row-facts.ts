import type { PriorSource, Shape } from './draft.js'

/**
 * Sets of hashes of a row, which would be most of its facts. Where there are many rows they wait on a disk and each
 * look at one reads it: look once, and do not keep what you saw of many.
 */
export interface RowSets {
  /** Sorted hashes of the prompt's word 5-grams without the system prompt; at most 1,024. */
  readonly prompt_shingles: Int32Array
  /** See `sketchOf`, of those. */
  readonly prompt_sketch: Int32Array
  /** The same hashes of the system prompt alone; equal where `system_hash` is. */
  readonly system_shingles: Int32Array
  /** Of a pair: what its sides look like, as hashes, some 300 bytes a side. */
  readonly features: { readonly chosen: Int32Array; readonly rejected: Int32Array } | null
}

/**
 * What the gates over a whole set read of one candidate: a kilobyte or two beside its sets, however long its texts.
 * Lengths are in UTF-16 units. What is not `readonly` is written by gates: `near_duplicates`, `prompt_cluster` and the
 * members that are prompts or documents by the gate `near_duplicates`, `is_reserved` by `reserve`, `split`, `cluster`
 * and `component` by `split`; the prior and the weight by the project's own judgements.
 */
export interface Facts {
  /** HMAC of the strategy and the events behind the row. */
  readonly row_id: string
  readonly strategy: string
  /** Where several strategies reject one output, the lowest keeps it. */
  readonly precedence: number
  readonly shape: Shape
  prior: number
  prior_source: PriorSource
  /** 2p - 1 of the prior, shared where several rows tell of one decision. */
  weight: number
  /** Share of the weight that the row gets where several rows tell of one decision. */
  readonly weight_share: number
  readonly label: boolean | null
  readonly edit_distance: number | null
  /** Milliseconds: when the feedback was given. */
  readonly time: number
  /** Id of the feedback event. */
  readonly feedback: string
  /** Id of the interaction of the prompt. */
  readonly interaction: string
  /** Answer on the rejected side; at most one preference each. */
  readonly rejected_answer: string | null
  /** SHA-256 of prompt, tools, sides and label. */
  readonly content: string
  /** The same for a pair and its reverse, and for a completion under either label. */
  readonly unsigned: string
  /** Users, authors among the end users (by their session where they have no id), sessions, prompts and documents, each with its kind before a colon. */
  members: readonly string[]
  /** Hash of the first user turn; where rows have documents of their own in the system prompt, of both. */
  prompt_cluster: string
  readonly prompt_chars: number
  readonly chosen_chars: number
  readonly rejected_chars: number | null
  /** Model of the rejected (or only) side. */
  readonly model: string
  /** Provider of that model. */
  readonly provider: string
  /** Provider whose model wrote the chosen side, or what people made it of. */
  readonly chosen_provider: string
  /** ISO 639-1 code of the wanted side, or `und`. */
  readonly language: string
  readonly task: string
  readonly surface: string
  readonly chosen_by: 'human' | 'model'
  /** Replaced by whoever keeps them elsewhere. */
  sets: RowSets
  /** Milliseconds from the feedback to the snapshot. */
  readonly age_ms: number
  /** How many shingles the prompt has without the system prompt; at most 1,024. */
  readonly prompt_shingles: number
  /** SHA-256 of the system prompt; '' for none. */
  readonly system_hash: string
  /** How many shingles the first user turn has by itself; at most 1,024. */
  readonly question_shingles: number
  /** See `correctionInformation`; 0 where no person wrote the wanted side. */
  readonly information: number
  /** Who vouches for the row: 2 a reviewer, 1 an expert, 0 neither. */
  readonly expertise: 0 | 1 | 2
  /** Name of the evaluation set that the row repeats; '' for none. */
  readonly evaluation_set: string
  /** HMAC of the group of near-duplicates; '' for none. */
  near_duplicates: string
  /** Whether the row fills the floor of a rare group: caps and budgets leave it. */
  is_reserved: boolean
  split: string
  cluster: string
  component: string
  /** Where the row's texts are, for whoever keeps them elsewhere. */
  place: number | undefined
}
