import type {
  AuthorKind,
  EventType,
  FeedbackKind,
  LinkEvent,
  Operation,
  Purpose,
  Scope,
  Stage,
  Status,
  SubjectKind,
  TargetKind,
  Trust,
} from '@flywheel/schema'

/** The table each event type ends in. */
export const EVENT_TABLES: Record<EventType, string> = {
  interaction: 'interactions',
  feedback: 'feedback',
  link: 'links',
  consent: 'consents',
}

/** What the server adds to every event. Times are RFC 3339 UTC with milliseconds, here and in every row. */
export interface ServerColumns {
  project_id: string
  /** The id's own time. */
  t: string
  trust: Trust
  /** `<log_id>/<partition>:<offset>`, optionally `/<line>`. */
  source: string
  received_at: string
  body_until: string
  row_until: string
}

/** An interaction without its bodies: what lists show and what an export joins on. Absent text is ''. */
export interface InteractionHead extends ServerColumns {
  id: string
  schema_version: number
  turn_id: string
  parent_id: string | null
  regenerated_from: string | null
  continues: string
  session_id: string
  user_id: string
  trace_id: string
  span_id: string
  task: string
  surface: string
  agent_name: string
  environment: string
  release: string
  operation: Operation
  provider: string
  model_requested: string
  model_answered: string
  provider_response_id: string
  prompt_name: string
  prompt_version: string
  has_text: boolean
  finish_reasons: string[]
  usage_input_tokens: number | null
  usage_output_tokens: number | null
  usage_cached_tokens: number | null
  usage_cache_write_tokens: number | null
  usage_reasoning_tokens: number | null
  duration_ms: number | null
  time_to_first_token_ms: number | null
  status: Status
  error_type: string
  tags: string[]
  metadata: Record<string, string>
  consent: Partial<Record<Purpose, 'granted' | 'denied'>>
  consent_basis: string
  sdk_name: string
  sdk_version: string
  prompt_hash: string
}

/** One row of a list. */
export interface InteractionListRow extends InteractionHead {
  /** First 240 characters of the last user message's first text part. */
  prompt_preview: string
  /** First 240 characters of the first output's first text part. */
  output_preview: string
}

/** The bodies of an interaction as raw JSON text; '' when absent or expired. */
export interface InteractionBodies {
  prompt_variables: string
  system: string
  messages: string
  tools: string
  parameters: string
  outputs: string
  error_message: string
  provider_json: string
}

/** A whole interaction. */
export interface InteractionRow extends InteractionListRow, InteractionBodies {}

/** The bodies of one interaction, by id. */
export interface InteractionBodiesRow extends InteractionBodies {
  id: string
}

/** A feedback event. `kept_json` and `candidates` are raw JSON text, '' when absent. */
export interface FeedbackRow extends ServerColumns {
  id: string
  schema_version: number
  kind: FeedbackKind
  target_kind: TargetKind
  target: string
  choice: number
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
  reason_text: string
  author_id: string
  author_kind: AuthorKind
  session_id: string
  occurred_at: string
  retracts: string | null
  metadata: Record<string, string>
  kept_preview: string
}

export interface LinkRow extends ServerColumns {
  id: string
  schema_version: number
  target_kind: LinkEvent['target_kind']
  target: string
  ref: string
  occurred_at: string
  metadata: Record<string, string>
}

export interface ConsentRow extends ServerColumns {
  id: string
  schema_version: number
  subject_kind: SubjectKind
  subject: string
  purpose: Purpose
  label: 'granted' | 'withdrawn'
  basis: string
  applies_from: string
  occurred_at: string
  metadata: Record<string, string>
}

/** What became of one accepted line. */
export type Outcome = 'stored' | 'dead' | 'erased'

/** One log record as the sink dealt with it. The four arrays are of one length, one element an accepted line. */
export interface ReceiptRow {
  project_id: string
  log_id: string
  partition: number
  /** Offset in the partition. */
  position: number
  received_at: string
  request_id: string
  key_id: string
  types: string[]
  ids: string[]
  /** Hex of the first 8 bytes of the SHA-256 of the line's original bytes. */
  hashes: string[]
  outcomes: Outcome[]
  /** Lines that the collector rejected. */
  rejected: number
  client_instance: string
  client_seq: number
  client_created: number
  client_dropped: number
  client_rejected: number
  body_bytes: number
  /** The record's row limit: later, its rows count as expired instead of missing. @default 2100 */
  row_until?: string
}

/** An event that could not be stored, with its bytes and the reason. */
export interface DeadLetterRow {
  project_id: string
  log_id: string
  partition: number
  position: number
  line: number
  type: string
  event_id: string
  code: string
  message: string
  /** The line as it was accepted; `base64:…` where it is no UTF-8, and the whole body of a record that cannot be read. */
  body: string
  received_at: string
  body_until: string
  row_until: string
  status: 'open' | 'replayed'
  /** @default received_at */
  updated_at?: string
  /** Who vouched for the line; '' in rows of a version that did not keep it. */
  trust?: Trust | ''
  /** HMACs of the line's subjects as in the log header, '' where it has none: an erasure reaches dead letters by them. */
  user_hmac?: string
  author_hmac?: string
  session_hmac?: string
  /** How often the event had been replayed when it died here. */
  replays?: number
}

/** A tombstone of one subject. */
export interface ErasureRow {
  project_id: string
  id: string
  subject_kind: SubjectKind
  /** 32 hex characters, as in the log header. */
  subject_hmac: string
  /** Events hidden from every read. */
  event_ids: string[]
  created_at: string
  updated_at?: string
}

/** A tombstone with how far its erasure has come. */
export interface ErasureStateRow extends ErasureRow {
  /** Keyed hash of the subject; '' in tombstones of a version that did not keep it. */
  subject_key: string
  /** Keyed hashes of what feedback about the subject's answers may point at. */
  target_keys: string[]
  /** `hidden`: from every read. `rewritten`: in no file of the store. `final`: in no log either. */
  state: 'hidden' | 'rewritten' | 'final'
  reason: string
  log_id: string
  /** Where each partition of the log ended when the tombstone was written. */
  log_ends: number[]
  /** Rows taken, by table. */
  counts: Record<string, number>
  /** When rows were last deleted; 2000 where not yet. */
  deleted_at: string
  /** When the log holds nothing of the subject any more by its retention; 2000 where its deletion is known. */
  horizon_at: string
  updated_at: string
}

/** Whom an export was given to. */
export interface ExportRecipientRow {
  project_id: string
  export_id: string
  recipient: string
  note: string
  created_at: string
}

export interface ProjectRow {
  id: string
  name: string
  row_key_sealed: string
  /** 0 = no limit. */
  body_retention_days: number
  /** 0 = no limit. */
  row_retention_days: number
  consent: Partial<Record<Purpose, 'granted' | 'denied'>>
  consent_basis: string
  created_at: string
  updated_at: string
}

export interface KeyRow {
  id: string
  project_id: string
  kind: 'sk' | 'pk'
  name: string
  secret_hash: string
  ticket_key_sealed: string
  scopes: Scope[]
  /** Browser origins that a public key may be used from; empty allows all. */
  origins: string[]
  status: 'active' | 'retired' | 'revoked'
  created_at: string
  updated_at: string
  /** How long a retired key still verifies tickets. */
  verifies_until: string
}

export interface ExportRow {
  project_id: string
  /** The export's identity: a hash of its inputs and its recipe. */
  id: string
  /** Id of the export that this one continues, or ''. */
  parent: string
  kind: 'full' | 'delta' | 'erasure'
  status: 'published' | 'superseded'
  watermark: string
  recipe_name: string
  recipe_hash: string
  manifest_sha256: string
  /** Where the files are. */
  path: string
  pairs: number
  unpaired: number
  supervised: number
  /** JSON text. */
  funnel: string
  /** JSON text. */
  summary: string
  created_at: string
  /** @default created_at */
  updated_at?: string
}

/** One exported row and the events behind it. */
export interface ExportItemRow {
  project_id: string
  export_id: string
  config: string
  split: string
  row_id: string
  strategy: string
  component: string
  event_ids: string[]
}
