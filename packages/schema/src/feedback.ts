import { z } from 'zod'
import { feedbackProblem } from './feedback-rules.js'
import { eventBase, float64, jsonObjectOrArray, nonEmpty, text, texts, time, uint16, uuid } from './fields.js'
import { AUTHOR_KINDS, FEEDBACK_KINDS, STAGES, TARGET_KINDS } from './wire.js'

export const candidate = z.looseObject({ id: uuid, choice: uint16 })

/** The fields of every feedback kind, before the rules that span fields. */
export const feedbackFields = z.looseObject({
  ...eventBase,
  type: z.literal('feedback'),
  kind: z.enum(FEEDBACK_KINDS),
  target_kind: z.enum(TARGET_KINDS).optional(),
  target: nonEmpty.optional(),
  ticket: nonEmpty.optional(),
  choice: uint16.optional(),
  name: text.optional(),
  slot: text.optional(),
  field: text.optional(),
  stage: z.enum(STAGES).optional(),
  value: float64.optional(),
  label: text.optional(),
  kept: text.optional(),
  kept_json: jsonObjectOrArray.optional(),
  shown: text.optional(),
  candidates: z.array(candidate).optional(),
  winner: z
    .string()
    .regex(/^(?:0|[1-9]\d{0,4}|tie|both_bad)$/, 'is neither an index written as text, nor tie, nor both_bad')
    .optional(),
  randomised: z.boolean().optional(),
  seen: z.array(uint16).optional(),
  reason_codes: texts.optional(),
  reason_text: text.optional(),
  author_id: text.optional(),
  author_kind: z.enum(AUTHOR_KINDS).optional(),
  session_id: text.optional(),
  occurred_at: time.optional(),
  retracts: uuid.optional(),
})

/** What a person, a model or a rule did with an answer. */
export const feedbackSchema = feedbackFields.check((context) => {
  const problem = feedbackProblem(context.value)
  if (problem !== null) {
    context.issues.push({
      code: 'custom',
      path: [problem.field],
      message: problem.message,
      input: context.value,
    })
  }
})
