import type { z } from 'zod'
import { consentSchema } from './consent.js'
import { feedbackSchema } from './feedback.js'
import { interactionSchema } from './interaction.js'
import { linkSchema } from './link.js'
import type { EventType } from './wire.js'

/** The decoder of each event type: loose, so that fields it does not know survive. Built once, at module load. */
export const EVENT_SCHEMAS = {
  interaction: interactionSchema,
  feedback: feedbackSchema,
  link: linkSchema,
  consent: consentSchema,
} as const satisfies Record<EventType, z.ZodType>
