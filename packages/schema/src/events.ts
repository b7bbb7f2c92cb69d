import type { z } from 'zod'
import { type Accept, acceptOf } from './accept.js'
import { consentSchema } from './consent.js'
import { feedbackFields, feedbackSchema } from './feedback.js'
import { type FeedbackFields, feedbackProblem } from './feedback-rules.js'
import { interactionSchema } from './interaction.js'
import { type LinkTarget, linkFields, linkSchema, linkTargetProblem } from './link.js'
import { type EventType, RESERVED_FIELDS } from './wire.js'

/** The decoder of each event type: loose, so that fields it does not know survive. Built once, at module load. */
export const EVENT_SCHEMAS = {
  interaction: interactionSchema,
  feedback: feedbackSchema,
  link: linkSchema,
  consent: consentSchema,
} as const satisfies Record<EventType, z.ZodType>

const acceptFeedbackFields = acceptOf(feedbackFields, RESERVED_FIELDS)
const acceptLinkFields = acceptOf(linkFields, RESERVED_FIELDS)

/** The same decisions without an error's detail and without a copy. True means that the decoder accepts
 * and that no reserved field is there. */
export const EVENT_ACCEPTS: Readonly<Record<EventType, Accept>> = {
  interaction: acceptOf(interactionSchema, RESERVED_FIELDS),
  feedback: (event) => acceptFeedbackFields(event) && feedbackProblem(event as FeedbackFields) === null,
  link: (event) => acceptLinkFields(event) && linkTargetProblem(event as LinkTarget) === null,
  consent: acceptOf(consentSchema, RESERVED_FIELDS),
}
