import type { Answer } from '../evidence/evidence.js'
import type { FeedbackState } from '../evidence/feedback-state.js'
import { timeOfId } from '../evidence/time.js'
import type { World } from '../world.js'

/** Reason for a target that no interaction matches: a day is given to come, then it is orphaned. */
export function missingTarget(state: FeedbackState, world: World): string {
  return world.now - timeOfId(state.row.id) > 24 * 3_600_000 ? 'orphaned' : 'target_not_yet_seen'
}

/** Somebody said that an answer is good: accepted or approved it. */
export function isAcceptance({ row }: FeedbackState): boolean {
  return (row.kind === 'verdict' && row.label === 'accept') || (row.kind === 'review' && row.label === 'approve')
}

/** A sign that somebody used an answer: accepted, copied, kept by half or more, or a thumb up. */
export function isSignOfUse(state: FeedbackState): boolean {
  const { row } = state
  if (row.kind === 'retain') return (row.value ?? 0) >= 0.5
  if (row.kind === 'thumb') return row.label === 'up'
  return isAcceptance(state) || row.kind === 'copy'
}

/** A sign that somebody refused an answer. */
export function isSignOfRefusal({ row }: FeedbackState): boolean {
  return (row.kind === 'verdict' || row.kind === 'review' ? row.label === 'reject' : false) || isThumbDown(row)
}

function isThumbDown(row: FeedbackState['row']): boolean {
  return row.kind === 'thumb' && row.label === 'down'
}

/** Live feedback about an answer that passes a test. */
export function signs(world: World, answer: Answer, test: (state: FeedbackState) => boolean): FeedbackState[] {
  return world.about(answer).filter(test)
}

/** Whether a correction changes what was served; a correction that says the same is an acceptance. */
export function isCorrection({ row }: FeedbackState): boolean {
  return row.kind === 'correction'
}

/** Whether feedback that rests on silence has waited long enough for what would contradict it. */
export function hasRested(states: readonly FeedbackState[], world: World): boolean {
  return states.every((each) => each.time + world.recipe.settling.late_feedback_ms <= world.now)
}
