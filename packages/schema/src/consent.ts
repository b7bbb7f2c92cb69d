import { z } from 'zod'
import { eventBase, nonEmpty, text, time } from './fields.js'
import { PURPOSES, SUBJECT_KINDS } from './wire.js'

/** A subject's grant or withdrawal for one purpose. */
export const consentSchema = z.looseObject({
  ...eventBase,
  type: z.literal('consent'),
  subject_kind: z.enum(SUBJECT_KINDS),
  subject: nonEmpty,
  purpose: z.enum(PURPOSES),
  label: z.enum(['granted', 'withdrawn']),
  basis: text.optional(),
  applies_from: time.optional(),
  occurred_at: time.optional(),
})
