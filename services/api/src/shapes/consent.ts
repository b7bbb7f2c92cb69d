import { PURPOSES, SUBJECT_KINDS } from '@flywheel/schema'
import { z } from '@hono/zod-openapi'
import { timeSchema } from './common.js'

/** A statement of consent, by default of the whole project. */
export const declareConsentSchema = z
  .strictObject({
    purpose: z.enum(PURPOSES),
    label: z.enum(['granted', 'withdrawn']).default('granted'),
    basis: z.string().min(1).max(1000).optional(),
    subject_kind: z.enum(SUBJECT_KINDS).default('project'),
    subject: z
      .string()
      .min(1)
      .optional()
      .openapi({ description: 'The user or session; for a project it is the project of the key' }),
    applies_from: z.iso
      .datetime({ offset: true })
      .optional()
      .openapi({ description: 'Rows at or after this time. Default: now' }),
  })
  .openapi('DeclareConsent')

/** The event that was appended to the log. */
export const declaredConsentSchema = z
  .object({
    id: z.string(),
    subject_kind: z.enum(SUBJECT_KINDS),
    subject: z.string(),
    purpose: z.enum(PURPOSES),
    label: z.enum(['granted', 'withdrawn']),
    basis: z.string().nullable(),
    applies_from: timeSchema,
    occurred_at: timeSchema,
  })
  .openapi('DeclaredConsent')
