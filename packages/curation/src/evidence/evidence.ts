import type { FeedbackKind, Purpose, Stage, Status, TargetKind, Trust } from '@flywheel/schema'

/** What curation reads of an interaction before it needs a body. Column names; a missing text is ''. */
export interface InteractionHead {
  id: string
  turn_id: string
  session_id: string
  user_id: string
  task: string
  surface: string
  operation: string
  provider: string
  model_answered: string
  provider_response_id: string
  /**
   * The store's hash of system, tools and messages as they came. Where it is equal the prompts are; where it differs
   * they may still be one prompt, spelled twice. '' is the prompt of no other.
   */
  prompt_hash: string
  continues: string
  status: Status
  has_text: boolean
  finish_reasons: string[]
  /** Read where the recipe makes an evaluation set, or names tags among its columns. */
  tags?: string[]
  /** Read where it is among the recipe's columns. */
  prompt_version?: string
  /** Read where it is among the recipe's columns. */
  release?: string
  /** The keys that are among the recipe's columns. */
  metadata?: Record<string, string>
  /** Purpose to granted or denied; a purpose that is absent says nothing. */
  consent: Partial<Record<Purpose, string>>
  received_at: string
}

/** The bodies of an interaction, each a string that holds JSON; '' where retention has taken it. */
export interface InteractionBody {
  id: string
  system: string
  messages: string
  tools: string
  outputs: string
}

/** One feedback event as stored. `candidates` and `kept_json` are strings that hold JSON, '' where absent. */
export interface FeedbackRow {
  id: string
  target_kind: TargetKind
  target: string
  choice: number
  kind: FeedbackKind
  name: string
  slot: string
  field: string
  stage: Stage | ''
  value: number | null
  label: string
  kept: string
  kept_json: string
  shown: string
  candidates: string
  winner: string
  randomised: boolean
  seen: number[]
  reason_codes: string[]
  /** Read where the recipe makes an evaluation set. */
  reason_text?: string
  author_id: string
  author_kind: string
  session_id: string
  occurred_at: string
  retracts: string | null
  trust: Trust
  received_at: string
}

/** The host's own key for an answer. */
export interface LinkRow {
  id: string
  target_kind: TargetKind
  target: string
  ref: string
  occurred_at: string
  received_at: string
}

/** One statement of consent by or for a subject. */
export interface ConsentRow {
  id: string
  subject_kind: 'user' | 'session' | 'project'
  subject: string
  purpose: Purpose
  label: 'granted' | 'withdrawn'
  applies_from: string
  occurred_at: string
  received_at: string
}

/** Everything an export is made of: a snapshot of one project. */
export interface Evidence {
  project_id: string
  /** RFC 3339 UTC: every row below was received at or before it, and settling is measured against it. */
  watermark: string
  /** RFC 3339 UTC: consent and erasure as of then. */
  cutoff: string
  /** The project's own setting for each purpose. */
  project_consent: Partial<Record<Purpose, string>>
  interactions: InteractionHead[]
  bodies: InteractionBody[]
  feedback: FeedbackRow[]
  links: LinkRow[]
  consents: ConsentRow[]
  /** Ids of the interactions that meet the recipe's filter; absent where it has none. */
  selected?: string[]
}

/** Which output of which interaction. */
export interface Answer {
  interaction: string
  choice: number
}

/** The key of an answer in maps. */
export function answerKey(answer: Answer): string {
  return `${answer.interaction}/${answer.choice}`
}

/** Nobody compares more answers than this; a longer list is no choice, and its square would stall an export. */
export const MAX_CHOICE_CANDIDATES = 100
