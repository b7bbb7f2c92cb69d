import type { EventType } from './wire.js'

/**
 * The type a wire field has in its table, without `Nullable` and `LowCardinality`.
 * `JSON` is a String column that holds an object or an array; `Enum` a column that holds one of the wire's words.
 */
export type ColumnType =
  | 'UUID'
  | 'String'
  | 'Enum'
  | 'Bool'
  | 'UInt8'
  | 'UInt16'
  | 'UInt32'
  | 'Float64'
  | 'DateTime64(3)'
  | 'Array(String)'
  | 'Array(UInt16)'
  | 'Map(String, String)'
  | 'JSON'

const EVENT = { id: 'UUID', schema_version: 'UInt8', metadata: 'Map(String, String)' } as const

/** The column of every wire field. The ranges that the decoders accept are the ranges of these types. */
export const COLUMN_TYPES = {
  interaction: {
    ...EVENT,
    turn_id: 'UUID',
    parent_id: 'UUID',
    regenerated_from: 'UUID',
    continues: 'String',
    session_id: 'String',
    user_id: 'String',
    trace_id: 'String',
    span_id: 'String',
    task: 'String',
    surface: 'String',
    agent_name: 'String',
    environment: 'String',
    release: 'String',
    operation: 'Enum',
    provider: 'String',
    model_requested: 'String',
    model_answered: 'String',
    provider_response_id: 'String',
    prompt_name: 'String',
    prompt_version: 'String',
    prompt_variables: 'JSON',
    system: 'JSON',
    messages: 'JSON',
    tools: 'JSON',
    parameters: 'JSON',
    outputs: 'JSON',
    has_text: 'Bool',
    finish_reasons: 'Array(String)',
    usage_input_tokens: 'UInt32',
    usage_output_tokens: 'UInt32',
    usage_cached_tokens: 'UInt32',
    usage_cache_write_tokens: 'UInt32',
    usage_reasoning_tokens: 'UInt32',
    duration_ms: 'Float64',
    time_to_first_token_ms: 'Float64',
    status: 'Enum',
    error_type: 'String',
    error_message: 'String',
    provider_json: 'JSON',
    tags: 'Array(String)',
    consent: 'Map(String, String)',
    consent_basis: 'String',
    sdk_name: 'String',
    sdk_version: 'String',
  },
  feedback: {
    ...EVENT,
    kind: 'Enum',
    target_kind: 'Enum',
    target: 'String',
    choice: 'UInt16',
    name: 'String',
    slot: 'String',
    field: 'String',
    stage: 'Enum',
    value: 'Float64',
    label: 'String',
    kept: 'String',
    kept_json: 'JSON',
    shown: 'String',
    candidates: 'JSON',
    winner: 'String',
    randomised: 'Bool',
    seen: 'Array(UInt16)',
    reason_codes: 'Array(String)',
    reason_text: 'String',
    author_id: 'String',
    author_kind: 'Enum',
    session_id: 'String',
    occurred_at: 'DateTime64(3)',
    retracts: 'UUID',
  },
  link: {
    ...EVENT,
    target_kind: 'Enum',
    target: 'String',
    ref: 'String',
    occurred_at: 'DateTime64(3)',
  },
  consent: {
    ...EVENT,
    subject_kind: 'Enum',
    subject: 'String',
    purpose: 'Enum',
    label: 'Enum',
    basis: 'String',
    applies_from: 'DateTime64(3)',
    occurred_at: 'DateTime64(3)',
  },
} as const satisfies Record<EventType, Record<string, ColumnType>>

/** Greatest value of each unsigned integer type; ClickHouse turns a greater one into another number without a word. */
export const UINT_MAX = { UInt8: 255, UInt16: 65_535, UInt32: 4_294_967_295 } as const
