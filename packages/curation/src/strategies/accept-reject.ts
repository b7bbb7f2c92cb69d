import type { FeedbackRow } from '../evidence/evidence.js'
import type { FeedbackState } from '../evidence/feedback-state.js'
import { modelPair } from './model-pair.js'
import { priorOf } from './priors.js'
import { isRetained, retentions } from './retention.js'
import { strongestSample } from './samples.js'
import { hasRested, isAcceptance, isCorrection, isSignOfRefusal, isSignOfUse, missingTarget, signs } from './signs.js'
import type { Strategy } from './strategy.js'

function isRejecting(row: FeedbackRow): boolean {
  return row.kind === 'verdict' && row.label === 'reject'
}

function isRejection({ row }: FeedbackState): boolean {
  return isRejecting(row)
}

/** The sample that was accepted, not changed, refused by nobody, and of which the most was kept. */
const acceptedSample = strongestSample((answer, world) => {
  if (signs(world, answer, isAcceptance).length === 0) return null
  if (signs(world, answer, isCorrection).length > 0 || signs(world, answer, isSignOfRefusal).length > 0) return null
  const kept = retentions(world, answer)
  const isKept = kept.length > 0 && kept.every((each) => isRetained(each, world))
  return isKept ? Math.max(...kept.map(({ row }) => row.value ?? 0)) : null
})

/** Samples of one prompt, one explicitly rejected and another accepted and kept. */
export const acceptReject: Strategy = {
  id: 'accept.reject',
  shape: 'preference',
  precedence: 60,
  joins: 'prompts',
  claims: isRejecting,
  join(state, world) {
    const { answer } = state
    if (answer === null) return missingTarget(state, world)
    if (signs(world, answer, isSignOfUse).length > 0) return 'contradictory'
    const rejections = signs(world, answer, isRejection)
    if (rejections[0] !== state) return 'merged_with_another_rejection'
    const accepted = acceptedSample(answer, world)
    if (accepted === undefined) return 'no_accepted_sample'
    const acceptances = [...signs(world, accepted, isAcceptance), ...retentions(world, accepted)]
    const feedback = [...rejections, ...acceptances]
    return hasRested(feedback, world) ? { answers: [accepted, answer], feedback } : 'not_settled'
  },
  construct(_, parts, world) {
    const [won, lost] = parts.answers as [(typeof parts.answers)[0], (typeof parts.answers)[0]]
    return modelPair(world, won, lost, priorOf('accept.reject'))
  },
}
