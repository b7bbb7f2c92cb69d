import { priorOf } from './priors.js'
import { isRetained, retentions } from './retention.js'
import { outputOf, promptFields, renderFor } from './sides.js'
import { hasRested, isAcceptance, isCorrection, isSignOfRefusal, missingTarget, signs } from './signs.js'
import type { Strategy } from './strategy.js'

/** An answer that was accepted as it was served, as supervision. */
export const sftAccept: Strategy = {
  id: 'sft.accept',
  shape: 'supervised',
  precedence: 60,
  claims: (row) =>
    (row.kind === 'verdict' && row.label === 'accept') || (row.kind === 'review' && row.label === 'approve'),
  join(state, world) {
    const { answer } = state
    if (answer === null) return missingTarget(state, world)
    const acceptances = signs(world, answer, isAcceptance)
    if (acceptances[0] !== state) return 'merged_with_another_acceptance'
    // What was accepted is then the corrected text, which sft.edit holds.
    if (signs(world, answer, isCorrection).length > 0) return 'accepted_after_edit'
    if (signs(world, answer, isSignOfRefusal).length > 0) return 'contradictory'
    if (retentions(world, answer).some((each) => !isRetained(each, world))) return 'not_retained'
    return hasRested(acceptances, world) ? { answers: [answer], feedback: acceptances } : 'not_settled'
  },
  construct(_, parts, world) {
    const answer = parts.answers[0]!
    const output = outputOf(world, answer)
    if (output === undefined) return 'body_expired'
    const chat = renderFor(world, answer, [output])
    if (typeof chat === 'string') return chat
    return {
      shape: 'supervised',
      prompt: chat.prompt,
      chosen: chat.completions[0]!,
      ...priorOf('sft.accept'),
      edit_distance: null,
      ...promptFields(world, answer),
      rejected_answer: null,
      chosen_by: 'model',
    }
  },
}
