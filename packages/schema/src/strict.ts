import { z } from 'zod'
import { consentSchema } from './consent.js'
import { feedbackFields } from './feedback.js'
import { feedbackProblem } from './feedback-rules.js'
import { interactionSchema } from './interaction.js'
import { linkFields, linkTargetProblem } from './link.js'
import { part } from './parts.js'
import type { FlywheelEvent } from './wire.js'

/** The same schema with every object of known shape closed. Objects of free shape (JSON of their own) stay open. */
function closed(schema: z.core.$ZodType): z.core.$ZodType {
  // Whoever writes by hand and means a part of an unknown type has misspelt a known one.
  if (schema === part) return closed(part.options[0])
  if (schema instanceof z.ZodOptional) return z.optional(closed(schema.unwrap() as z.core.$ZodType))
  if (schema instanceof z.ZodArray) return z.array(closed(schema.element as z.core.$ZodType))
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const options = schema.def.options.map((option) => closed(option)) as unknown as [z.ZodObject, ...z.ZodObject[]]
    return z.discriminatedUnion(schema.def.discriminator, options)
  }
  if (schema instanceof z.ZodObject && Object.keys(schema.shape).length > 0) return closedObject(schema)
  return schema
}

function closedObject(schema: z.ZodObject): z.ZodObject {
  const members = Object.entries(schema.shape).map(([key, field]) => [key, closed(field as z.core.$ZodType)])
  return z.strictObject(Object.fromEntries(members))
}

const strictFeedback = closedObject(feedbackFields).check((context) => {
  const problem = feedbackProblem(context.value as never)
  if (problem === null) return
  context.issues.push({ code: 'custom', path: [problem.field], message: problem.message, input: context.value })
})

const strictLink = closedObject(linkFields).check((context) => {
  const problem = linkTargetProblem(context.value as never)
  if (problem === null) return
  context.issues.push({ code: 'custom', path: ['target'], message: problem, input: context.value })
})

/** An event where a human writes one: a name that nobody knows is an error and not a field of the future. */
export const strictEvent: z.ZodType<FlywheelEvent> = z.discriminatedUnion('type', [
  closedObject(interactionSchema),
  strictFeedback,
  strictLink,
  closedObject(consentSchema),
]) as unknown as z.ZodType<FlywheelEvent>
