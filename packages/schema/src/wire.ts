/**
 * The wire contract as constants and types, without zod and without I/O.
 * Field names are the names of the ClickHouse columns they end in.
 */

export { type ClientCounters, formatClientHeader, parseClientHeader } from './client-header.js'
export { canonicalTime, MAX_TIME_MS, MIN_TIME_MS, parseTime } from './time.js'
export { createUuidv7, isUuid, isUuidv7, uuidv7Time } from './uuidv7.js'

/** The version every event carries in `schema_version`. */
export const SCHEMA_VERSION = 1

/** Event types accepted by `POST /v1/events`. */
export const EVENT_TYPES = ['interaction', 'feedback', 'link', 'consent'] as const
/** The kinds of line that the collector takes. */
export type EventType = (typeof EVENT_TYPES)[number]

/** OpenTelemetry's `gen_ai.operation.name`, reduced to what changes how a row is read. */
export const OPERATIONS = ['chat', 'completion', 'embedding', 'execute_tool', 'other'] as const
/** What a call was. */
export type Operation = (typeof OPERATIONS)[number]

/** How a call ended: `aborted` by the host or its user, `partial` when the provider broke off. */
export const STATUSES = ['ok', 'error', 'aborted', 'partial'] as const
/** How a call ended. */
export type Status = (typeof STATUSES)[number]

/** What a feedback may point at. `ref` is the host's own key, made known by a link. */
export const TARGET_KINDS = ['interaction', 'turn', 'response', 'ref'] as const
export type TargetKind = (typeof TARGET_KINDS)[number]

/** What a link may start from. */
export const LINK_TARGET_KINDS = ['interaction', 'turn', 'response'] as const
export type LinkTargetKind = (typeof LINK_TARGET_KINDS)[number]

export const FEEDBACK_KINDS = [
  'correction',
  'verdict',
  'thumb',
  'rating',
  'choice',
  'regenerate',
  'retain',
  'shown',
  'copy',
  'comment',
  'outcome',
  'review',
] as const
/** What a feedback says. */
export type FeedbackKind = (typeof FEEDBACK_KINDS)[number]

export const STAGES = ['draft', 'committed'] as const
/** `draft` while a person edits, `committed` when the text was sent or saved. */
export type Stage = (typeof STAGES)[number]

export const AUTHOR_KINDS = ['end_user', 'expert', 'model', 'rule'] as const
/** Who gave a feedback. */
export type AuthorKind = (typeof AUTHOR_KINDS)[number]

export const SUBJECT_KINDS = ['user', 'session', 'project'] as const
export type SubjectKind = (typeof SUBJECT_KINDS)[number]

export const PURPOSES = ['evaluate', 'train', 'license'] as const
/** What a consent is for. */
export type Purpose = (typeof PURPOSES)[number]

/** Who vouches for an event: a secret key, a verified ticket, or nobody. Written by the sink alone. */
export const TRUSTS = ['server', 'ticket', 'public'] as const
export type Trust = (typeof TRUSTS)[number]

/** Fields that hold JSON of their own: an object or an array, never a scalar. */
export const JSON_FIELDS = [
  'system',
  'messages',
  'tools',
  'parameters',
  'outputs',
  'prompt_variables',
  'provider_json',
  'kept_json',
  'candidates',
] as const

/** Names only the server writes; an event that carries one is refused (`reserved_field`). */
export const RESERVED_FIELDS = [
  'project_id',
  'received_at',
  'trust',
  'source',
  'body_until',
  'row_until',
  't',
  'version',
  'prompt_hash',
  'prompt_preview',
  'output_preview',
  'kept_preview',
] as const

/** Limits of one request and one event. Sizes in bytes, ages in milliseconds. */
export const LIMITS = {
  body_bytes: 16 * 1024 * 1024,
  lines: 1000,
  event_bytes: 8 * 1024 * 1024,
  /** Objects and arrays within each other, the event's own included; ClickHouse reads 1,000. */
  depth: 500,
  id_age_ms: 400 * 24 * 3600 * 1000,
  id_ahead_ms: 24 * 3600 * 1000,
  append_ms: 20_000,
  beacon_bytes: 64 * 1024,
} as const

/** "No limit" for `body_until` and `row_until`; 0 would delete live rows. */
export const NO_LIMIT_UNTIL = '2100-01-01T00:00:00.000Z'

/** Any value that JSON holds. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }
/** An object of JSON. */
export type JsonObject = { [key: string]: JsonValue }

interface PartExtra {
  /** Citations, log probabilities, cache control: whatever the provider attached. */
  extra?: JsonObject
}

export interface TextPart extends PartExtra {
  type: 'text'
  content: string
}
export interface ReasoningPart extends PartExtra {
  type: 'reasoning'
  content: string
  signature?: string
}
export interface RefusalPart extends PartExtra {
  type: 'refusal'
  content: string
}
/** `arguments` is an object where the provider gave one, else the model's exact string. */
export interface ToolCallPart extends PartExtra {
  type: 'tool_call'
  id: string
  name: string
  arguments: JsonObject | string
}
export interface ToolCallResponsePart extends PartExtra {
  type: 'tool_call_response'
  id: string
  response: JsonValue
}
export interface ServerToolCallPart extends PartExtra {
  type: 'server_tool_call'
  id: string
  name: string
  server_tool_call: JsonObject
}
export interface ServerToolCallResponsePart extends PartExtra {
  type: 'server_tool_call_response'
  id: string
  server_tool_call_response: JsonObject
}
/** Bytes are known by hash only in version 1. */
export interface BlobPart extends PartExtra {
  type: 'blob'
  sha256: string
  bytes: number
  media_type: string
  transcript?: string
}
export interface UriPart extends PartExtra {
  type: 'uri'
  uri: string
  media_type?: string
}
export interface FilePart extends PartExtra {
  type: 'file'
  file_id: string
}
export interface OtherPart extends PartExtra {
  type: 'other'
  provider_type: string
  raw: JsonValue
}

/** A piece of a message. */
export type Part =
  | TextPart
  | ReasoningPart
  | RefusalPart
  | ToolCallPart
  | ToolCallResponsePart
  | ServerToolCallPart
  | ServerToolCallResponsePart
  | BlobPart
  | UriPart
  | FilePart
  | OtherPart

export const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const
export type Role = (typeof ROLES)[number]

/** What one side said, in parts. */
export interface Message {
  role: Role
  parts: Part[]
  name?: string
}
/** A tool as the model was told of it. */
export interface ToolDefinition {
  type: string
  name: string
  description?: string
  parameters?: JsonObject
}

interface EventBase {
  /** UUIDv7 made by the client, monotonic in a process: the idempotency key. Lower case. */
  id: string
  schema_version: 1
  metadata?: Record<string, string>
}

/** A call of a model. */
export interface InteractionEvent extends EventBase {
  type: 'interaction'
  /** UUIDv7 of the unit a person sees. @default the event's id */
  turn_id?: string
  parent_id?: string
  regenerated_from?: string
  /** The provider's response id that `messages` continue. */
  continues?: string
  session_id?: string
  user_id?: string
  trace_id?: string
  span_id?: string
  task?: string
  surface?: string
  agent_name?: string
  environment?: string
  release?: string
  operation?: Operation
  provider?: string
  model_requested?: string
  model_answered?: string
  provider_response_id?: string
  prompt_name?: string
  prompt_version?: string
  prompt_variables?: JsonObject
  system?: Part[]
  messages?: Message[]
  tools?: ToolDefinition[]
  parameters?: JsonObject
  /** One element a choice, in index order. */
  outputs?: Message[]
  has_text?: boolean
  finish_reasons?: string[]
  usage_input_tokens?: number
  usage_output_tokens?: number
  usage_cached_tokens?: number
  usage_cache_write_tokens?: number
  usage_reasoning_tokens?: number
  duration_ms?: number
  time_to_first_token_ms?: number
  status?: Status
  error_type?: string
  error_message?: string
  /** The provider's response less its outputs. */
  provider_json?: JsonObject
  tags?: string[]
  consent?: Partial<Record<Purpose, 'granted' | 'denied'>>
  consent_basis?: string
  sdk_name?: string
  sdk_version?: string
}

export interface Candidate {
  id: string
  choice: number
}

/** What a person, or a rule or model in their place, said of an answer. */
export interface FeedbackEvent extends EventBase {
  type: 'feedback'
  kind: FeedbackKind
  target_kind?: TargetKind
  /** A UUID in lower case for interaction and turn. */
  target?: string
  /** Instead of target: a signed capability, see `Ticket`. */
  ticket?: string
  /** Which output. @default 0 */
  choice?: number
  name?: string
  slot?: string
  /** JSON Pointer into the choice. @default '' (the whole) */
  field?: string
  stage?: Stage
  value?: number
  label?: string
  kept?: string
  /** A corrected scalar is `[value]`. */
  kept_json?: JsonObject | JsonValue[]
  shown?: string
  candidates?: Candidate[]
  /** Index into candidates, or `tie`, `both_bad`. */
  winner?: string
  randomised?: boolean
  /** Indices of the candidates that were on screen. */
  seen?: number[]
  reason_codes?: string[]
  reason_text?: string
  author_id?: string
  author_kind?: AuthorKind
  session_id?: string
  /** RFC 3339 with a zone. @default the id's time */
  occurred_at?: string
  /** Id of the feedback event that this one ends. */
  retracts?: string
}

/** The host's own key for an answer. */
export interface LinkEvent extends EventBase {
  type: 'link'
  target_kind: LinkTargetKind
  target: string
  /** The host's own key for an answer, such as `zendesk:comment/123`. */
  ref: string
  occurred_at?: string
}

/** A grant or a withdrawal of consent. */
export interface ConsentEvent extends EventBase {
  type: 'consent'
  subject_kind: SubjectKind
  subject: string
  purpose: Purpose
  label: 'granted' | 'withdrawn'
  basis?: string
  /** @default occurred_at */
  applies_from?: string
  occurred_at?: string
}

/** A line of `/v1/events`. */
export type FlywheelEvent = InteractionEvent | FeedbackEvent | LinkEvent | ConsentEvent

/** The claims of a ticket, in the short names it travels with: `fwt1.<base64url JSON>.<base64url HMAC-SHA256>`. */
export interface TicketClaims {
  /** Key id. */
  k: string
  /** Target kind. */
  t: TargetKind
  /** Target. */
  i: string
  /** Choice. */
  c: number
  /** Feedback kinds allowed; empty allows all. */
  a: FeedbackKind[]
  /** Author id, opaque. */
  u?: string
  /** Expiry, Unix seconds. */
  e: number
  /** Session id. */
  s?: string
}

export const TICKET_PREFIX = 'fwt1'
/** HKDF-SHA256 info of the ticket key: ikm the whole secret key in UTF-8, no salt, 32 bytes. */
export const TICKET_KEY_LABEL = 'flywheel-ticket-v1'

/** Header the client's counters travel in: `instance=<uuid>; seq=<n>; created=<n>; dropped=<n>; rejected=<n>`, totals since the instance began. */
export const CLIENT_HEADER = 'Flywheel-Client'

/** One rejected line of an answer. `line` counts the lines of the body from 0. */
export interface RejectedLine {
  line: number
  id: string | null
  code: string
  message: string
}
/** The body of a 202. */
export interface EventsAnswer {
  accepted: number
  rejected: RejectedLine[]
}

export const API_KEY_KINDS = ['sk', 'pk'] as const
/** `admin` has every scope of its project; `server` is for what concerns all projects at once, and `admin` lacks it. */
export const SCOPES = [
  'ingest:write',
  'feedback:write',
  'read',
  'sql:read',
  'review:write',
  'export:run',
  'admin',
  'server',
] as const
export type Scope = (typeof SCOPES)[number]
