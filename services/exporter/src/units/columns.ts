import {
  type ConsentRow,
  type FeedbackRow,
  type InteractionBody,
  type InteractionHead,
  type LinkRow,
  makesEvaluationSet,
  type Recipe,
} from '@flywheel/curation'

type Keys<T> = { [K in keyof Required<T>]: true }

// What curation reads, and nothing else: a column that a retry may change (`source`) must not reach the input digest.
const HEAD: Keys<Omit<InteractionHead, 'tags' | 'prompt_version' | 'release' | 'metadata'>> = {
  id: true,
  turn_id: true,
  session_id: true,
  user_id: true,
  task: true,
  surface: true,
  operation: true,
  provider: true,
  model_answered: true,
  provider_response_id: true,
  prompt_hash: true,
  continues: true,
  status: true,
  has_text: true,
  finish_reasons: true,
  consent: true,
  received_at: true,
}
const BODY: Keys<InteractionBody> = { id: true, system: true, messages: true, tools: true, outputs: true }
const FEEDBACK: Keys<Omit<FeedbackRow, 'reason_text'>> = {
  id: true,
  target_kind: true,
  target: true,
  choice: true,
  kind: true,
  name: true,
  slot: true,
  field: true,
  stage: true,
  value: true,
  label: true,
  kept: true,
  kept_json: true,
  shown: true,
  candidates: true,
  winner: true,
  randomised: true,
  seen: true,
  reason_codes: true,
  author_id: true,
  author_kind: true,
  session_id: true,
  occurred_at: true,
  retracts: true,
  trust: true,
  received_at: true,
}
const LINK: Keys<LinkRow> = {
  id: true,
  target_kind: true,
  target: true,
  ref: true,
  occurred_at: true,
  received_at: true,
}
const CONSENT: Keys<ConsentRow> = {
  id: true,
  subject_kind: true,
  subject: true,
  purpose: true,
  label: true,
  applies_from: true,
  occurred_at: true,
  received_at: true,
}

/** The columns that an export reads, by kind of row. */
export interface UnitColumns {
  interactions: string[]
  /** Keys of the interactions' metadata. */
  metadata: string[]
  bodies: string[]
  feedback: string[]
  links: string[]
}

/** Columns that only some recipes ask for, of the captured interaction. */
function askedColumns(recipe: Recipe): string[] {
  const { prompt_version = false, release = false, tags = [], metadata = [] } = recipe.columns ?? {}
  return [
    ...(makesEvaluationSet(recipe) || tags.length > 0 ? ['tags'] : []),
    ...(prompt_version ? ['prompt_version'] : []),
    ...(release ? ['release'] : []),
    ...(metadata.length > 0 ? ['metadata'] : []),
  ]
}

/**
 * The columns of a recipe's snapshot: what only an evaluation set says, or only the recipe's own `columns` name, reaches
 * the input digest of no other export.
 */
export function unitColumns(recipe: Recipe): UnitColumns {
  const isNoted = makesEvaluationSet(recipe)
  return {
    interactions: [...Object.keys(HEAD), ...askedColumns(recipe)],
    metadata: recipe.columns?.metadata ?? [],
    bodies: Object.keys(BODY),
    feedback: [...Object.keys(FEEDBACK), ...(isNoted ? ['reason_text'] : [])],
    links: Object.keys(LINK),
  }
}

/** A consent as curation reads it. */
export function consentRow(row: ConsentRow): ConsentRow {
  const entries = Object.keys(CONSENT).map((key) => [key, row[key as keyof ConsentRow]])
  return Object.fromEntries(entries) as unknown as ConsentRow
}
