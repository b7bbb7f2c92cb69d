import { z } from 'zod'
import { nonEmpty, time } from './fields.js'
import { canonicalTime } from './time.js'
import { FEEDBACK_KINDS, STATUSES } from './wire.js'

/** Which interactions: one grammar for the URL, the API, the CLI and the recipe. Every condition must hold. */
export const interactionFilterSchema = z.strictObject({
  /** From this time of the id on, inclusive. */
  since: time.optional(),
  /** Before this time of the id. */
  until: time.optional(),
  user_id: nonEmpty.optional(),
  session_id: nonEmpty.optional(),
  turn_id: nonEmpty.optional(),
  trace_id: nonEmpty.optional(),
  task: nonEmpty.optional(),
  surface: nonEmpty.optional(),
  environment: nonEmpty.optional(),
  release: nonEmpty.optional(),
  provider: nonEmpty.optional(),
  /** The model that answered. */
  model: nonEmpty.optional(),
  prompt_name: nonEmpty.optional(),
  prompt_version: nonEmpty.optional(),
  status: z.enum(STATUSES).optional(),
  tag: nonEmpty.optional(),
  feedback_kind: z.enum(FEEDBACK_KINDS).optional(),
  has_feedback: z.boolean().optional(),
  /** Words to find in the messages and outputs. */
  text: nonEmpty.optional(),
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

/** Reads the query of a URL: `has_feedback` as `true` or `false`, everything else as it stands. Then parse it. */
export function filterFromQuery(query: Readonly<Record<string, string>>): Record<string, unknown> {
  const flag = query['has_feedback']
  return flag === 'true' || flag === 'false' ? { ...query, has_feedback: flag === 'true' } : { ...query }
}
