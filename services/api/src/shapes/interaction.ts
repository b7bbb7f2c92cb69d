import { OPERATIONS, STATUSES, TRUSTS } from '@flywheel/schema'
import { z } from '@hono/zod-openapi'
import { timeSchema } from './common.js'

const count = z.number().int().nullable()
const milliseconds = z.number().nullable()

const head = {
  id: z.uuid(),
  t: timeSchema.openapi({ description: "The id's own time: when the call began" }),
  received_at: timeSchema,
  trust: z.enum(TRUSTS),
  turn_id: z.string(),
  parent_id: z.string().nullable(),
  regenerated_from: z.string().nullable(),
  continues: z.string(),
  session_id: z.string(),
  user_id: z.string(),
  trace_id: z.string(),
  span_id: z.string(),
  task: z.string(),
  surface: z.string(),
  agent_name: z.string(),
  environment: z.string(),
  release: z.string(),
  operation: z.enum(OPERATIONS),
  provider: z.string(),
  model_requested: z.string(),
  model_answered: z.string(),
  provider_response_id: z.string(),
  prompt_name: z.string(),
  prompt_version: z.string(),
  has_text: z.boolean(),
  finish_reasons: z.array(z.string()),
  usage_input_tokens: count,
  usage_output_tokens: count,
  usage_cached_tokens: count,
  usage_cache_write_tokens: count,
  usage_reasoning_tokens: count,
  duration_ms: milliseconds,
  time_to_first_token_ms: milliseconds,
  status: z.enum(STATUSES),
  error_type: z.string(),
  tags: z.array(z.string()),
  metadata: z.record(z.string(), z.string()),
  consent: z.record(z.string(), z.string()),
  consent_basis: z.string(),
  prompt_preview: z.string(),
  output_preview: z.string(),
}

/** One row of the list: previews, never bodies. Absent text is ''. */
export const interactionItemSchema = z.looseObject(head).openapi('InteractionItem')

/** A page of the list, newest first. */
export const interactionPageSchema = z
  .object({
    items: z.array(interactionItemSchema),
    next_cursor: z.string().nullable().openapi({ description: 'Send it back with the same filters; null at the end' }),
  })
  .openapi('InteractionPage')

/** How a feedback event stands among the others of its identity. */
export const feedbackStateSchema = z.enum(['live', 'superseded', 'retracted', 'retraction', 'yields_to_commit'])

/** A feedback event with its state, derived when read. */
export const feedbackSchema = z
  .looseObject({
    id: z.uuid(),
    t: timeSchema,
    received_at: timeSchema,
    occurred_at: timeSchema,
    trust: z.enum(TRUSTS),
    kind: z.string(),
    target_kind: z.string(),
    target: z.string(),
    choice: z.number().int().openapi({ description: 'As sent' }),
    label: z.string(),
    value: z.number().nullable(),
    author_id: z.string(),
    author_kind: z.string(),
    retracts: z.string().nullable(),
    state: feedbackStateSchema,
    resolved_choice: z
      .number()
      .int()
      .openapi({ description: 'The output that it is about: for a turn the one that was shown' }),
  })
  .openapi('Feedback')

/** A whole interaction: bodies as the client sent them, byte for byte, and null where absent or expired. */
export const interactionSchema = z
  .looseObject({
    ...head,
    error_message: z.string(),
    system: z.unknown(),
    messages: z.unknown(),
    tools: z.unknown(),
    parameters: z.unknown(),
    outputs: z.unknown(),
    prompt_variables: z.unknown(),
    provider_json: z.unknown(),
    feedback: z.array(feedbackSchema),
  })
  .openapi('Interaction')
