import { FEEDBACK_KINDS, STATUSES } from '@flywheel/schema'
import { z } from '@hono/zod-openapi'

/** RFC 3339 with a zone, as the store takes it: UTC with milliseconds. */
export const queryTimeSchema = z.iso
  .datetime({ offset: true })
  .transform((time) => new Date(time).toISOString())
  .openapi({ type: 'string', format: 'date-time' })

const text = z.string().min(1).optional()

/** One filter grammar for URL, API and CLI: every field given must hold. */
export const interactionFilterQuerySchema = z.strictObject({
  since: queryTimeSchema.optional().openapi({ description: 'At or after' }),
  until: queryTimeSchema.optional().openapi({ description: 'Before' }),
  user_id: text,
  session_id: text,
  turn_id: z.uuid().toLowerCase().optional(),
  trace_id: text,
  task: text,
  surface: text,
  environment: text,
  release: text,
  provider: text,
  model: text.openapi({ description: 'The model that answered or, before an answer, the one asked' }),
  prompt_name: text,
  prompt_version: text,
  status: z.enum(STATUSES).optional(),
  tag: text,
  feedback_kind: z.enum(FEEDBACK_KINDS).optional(),
  has_feedback: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional(),
  text: text.openapi({ description: 'Text in messages or outputs, without regard to case' }),
})
