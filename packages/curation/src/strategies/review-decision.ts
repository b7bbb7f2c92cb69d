import type { Answer, FeedbackRow } from '../evidence/evidence.js'
import { authorOf, type FeedbackState } from '../evidence/feedback-state.js'
import { compareTimed } from '../evidence/resolve-targets.js'
import type { World } from '../world.js'
import { correctedPair } from './corrected-pair.js'
import { isDraft, placed } from './correction.js'
import { priorOf } from './priors.js'
import { isCorrection, isSignOfRefusal, missingTarget, signs } from './signs.js'
import type { Strategy } from './strategy.js'

/** Whether a review brings a text of its own. */
export function holdsText(row: FeedbackRow): boolean {
  return row.kept !== '' || row.kept_json !== ''
}

function isCommitted(state: FeedbackState): boolean {
  return isCorrection(state) && !isDraft(state)
}

function isLater(a: FeedbackState, b: FeedbackState): boolean {
  return compareTimed(placed(a), placed(b)) > 0
}

/** The texts that a review stands for, or why it stands for none. */
function reviewedTexts(state: FeedbackState, answer: Answer, world: World): readonly FeedbackState[] | string {
  const { row } = state
  if (row.label === 'edit' && holdsText(row)) return [state]
  const committed = signs(world, answer, isCommitted)
  const own = committed.filter((each) => authorOf(each.row) === authorOf(row))
  const texts = row.label === 'edit' ? own : committed
  if (texts.length === 0) return 'nothing_was_changed'
  if (row.label === 'edit') return texts
  // Nobody reviews themselves, and an approval is of the text that stood there then.
  if (own.length === texts.length) return 'reviewed_by_its_author'
  return texts.some((each) => isLater(each, state)) ? 'changed_after_review' : texts
}

/**
 * A reviewer's approval of somebody else's corrections, or a reviewer's edit (in the review itself or as corrections
 * beside it), against the output as it was served.
 */
export const reviewDecision: Strategy = {
  id: 'review.decision',
  shape: 'preference',
  precedence: 10,
  claims: (row) => row.kind === 'review',
  join(state, world) {
    const { row, answer } = state
    if (row.label === 'reject') return 'review_rejects'
    if (answer === null) return missingTarget(state, world)
    // Whoever holds a page's public key could otherwise sign as the reviewer.
    if (row.trust === 'public') return 'review_not_signed'
    const texts = reviewedTexts(state, answer, world)
    if (typeof texts === 'string') return texts
    const refusals = signs(world, answer, isSignOfRefusal)
    if (refusals.some((each) => texts.every((text) => isLater(each, text)))) return 'contradictory'
    const last = Math.max(state.time, ...texts.map((each) => each.time))
    if (!world.hasPassed(last + world.recipe.settling.committed_ms)) return 'not_settled'
    return { answers: [answer], feedback: [...new Set([state, ...texts])] }
  },
  construct(state, parts, world) {
    const texts = parts.feedback.filter((each) => each !== state || holdsText(state.row))
    return correctedPair(world, parts.answers[0]!, texts, () => priorOf('review.decision'))
  },
}
