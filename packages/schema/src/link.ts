import { z } from 'zod'
import { eventBase, nonEmpty, time } from './fields.js'
import { isUuid } from './uuidv7.js'
import { LINK_TARGET_KINDS } from './wire.js'

/** Gives an answer the host's own key. */
export const linkFields = z.looseObject({
  ...eventBase,
  type: z.literal('link'),
  target_kind: z.enum(LINK_TARGET_KINDS),
  target: nonEmpty,
  ref: nonEmpty,
  occurred_at: time.optional(),
})

export const linkSchema = linkFields.check((context) => {
  const { target_kind: kind, target } = context.value
  if (kind !== 'response' && !isUuid(target)) {
    context.issues.push({
      code: 'custom',
      path: ['target'],
      message: `is not a UUID in lower case, which target_kind ${kind} needs`,
      input: context.value,
    })
  }
})
