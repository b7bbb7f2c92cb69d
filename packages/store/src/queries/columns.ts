/** Columns of an interaction that are no body: what a list shows beside its previews and what an export joins on. */
export const INTERACTION_HEAD = `project_id, id, t, schema_version, turn_id, parent_id, regenerated_from, continues, session_id,
  user_id, trace_id, span_id, task, surface, agent_name, environment, release, operation, provider, model_requested,
  model_answered, provider_response_id, prompt_name, prompt_version, has_text, finish_reasons, usage_input_tokens,
  usage_output_tokens, usage_cached_tokens, usage_cache_write_tokens, usage_reasoning_tokens, duration_ms,
  time_to_first_token_ms, status, error_type, tags, metadata, consent, consent_basis, sdk_name, sdk_version, prompt_hash,
  trust, source, received_at, body_until, row_until`

const INTERACTION_BODY_COLUMNS = [
  'prompt_variables',
  'system',
  'messages',
  'tools',
  'outputs',
  'error_message',
  'provider_json',
]

/** Bodies past their limit read as '' before a merge has taken them. */
const untilLimit = (column: string) => `if(body_until > now64(3), ${column}, '') AS ${column}`

export const INTERACTION_PREVIEWS: string = ['prompt_preview', 'output_preview'].map(untilLimit).join(', ')
export const INTERACTION_BODIES: string = ['parameters', ...INTERACTION_BODY_COLUMNS.map(untilLimit)].join(', ')

export const FEEDBACK_COLUMNS: string = `project_id, id, t, schema_version, kind, target_kind, target, choice, name, slot, field,
  stage, value, label, candidates, winner, randomised, seen, reason_codes, author_id, author_kind, session_id, occurred_at,
  retracts, metadata, trust, source, received_at, body_until, row_until,
  ${['kept', 'kept_json', 'shown', 'reason_text', 'kept_preview'].map(untilLimit).join(', ')}`
