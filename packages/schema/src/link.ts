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

export interface LinkTarget {
  target_kind: string
  target: string
}

/** What is wrong with a link's target, or null. */
export function linkTargetProblem({ target_kind: kind, target }: LinkTarget): string | null {
  return kind === 'response' || isUuid(target) ? null : `is not a UUID in lower case, which target_kind ${kind} needs`
}

export const linkSchema = linkFields.check((context) => {
  const problem = linkTargetProblem(context.value)
  if (problem === null) return
  context.issues.push({ code: 'custom', path: ['target'], message: problem, input: context.value })
})
