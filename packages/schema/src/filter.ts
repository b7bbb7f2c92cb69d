import { z } from 'zod'
import { nonEmpty, time } from './fields.js'
import { canonicalTime } from './time.js'
import { UUID_PATTERN } from './uuidv7.js'
import { FEEDBACK_KINDS, STATUSES } from './wire.js'

/** Which interactions: one grammar for the URL, the API, the CLI and the recipe. Every condition must hold. */
export const interactionFilterSchema = z.strictObject({
  since: time.optional().meta({ description: 'At or after, by the time of the id' }),
  until: time.optional().meta({ description: 'Before, by the time of the id' }),
  user_id: nonEmpty.optional(),
  session_id: nonEmpty.optional(),
  turn_id: z.string().toLowerCase().regex(UUID_PATTERN, 'is not a UUID').optional(),
  trace_id: nonEmpty.optional(),
  task: nonEmpty.optional(),
  surface: nonEmpty.optional(),
  environment: nonEmpty.optional(),
  release: nonEmpty.optional(),
  provider: nonEmpty.optional(),
  model: nonEmpty.optional().meta({ description: 'The model that answered or, before an answer, the one asked' }),
  prompt_name: nonEmpty.optional(),
  prompt_version: nonEmpty.optional(),
  status: z.enum(STATUSES).optional(),
  tag: nonEmpty.optional(),
  feedback_kind: z
    .enum(FEEDBACK_KINDS)
    .optional()
    .meta({ description: 'Interactions that feedback of this kind resolves to' }),
  has_feedback: z.boolean().optional(),
  text: nonEmpty.optional().meta({ description: 'Text in messages or outputs, without regard to case' }),
})

/** The filter as the query of a URL spells it: `has_feedback` is the word `true` or `false`. Parses to the filter. */
export const interactionFilterQuerySchema = interactionFilterSchema.extend({
  has_feedback: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .optional(),
})

export type InteractionFilter = z.infer<typeof interactionFilterSchema>

/**
 * A filter as one string: the same conditions give the same string, in whatever order and zone they were written.
 * What is hashed into a cursor or an export's identity.
 */
export function canonicalFilter(filter: InteractionFilter): string {
  const entries = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, key === 'since' || key === 'until' ? canonicalTime(value as string) : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(Object.fromEntries(entries))
}
