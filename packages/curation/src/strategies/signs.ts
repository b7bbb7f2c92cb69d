import type { Answer } from '../evidence/evidence.js'
import type { FeedbackState } from '../evidence/feedback-state.js'
import { timeOfId } from '../evidence/time.js'
import type { World } from '../world.js'
import { type PerAnswer, perAnswer } from './per-answer.js'
import { hasLasted } from './retention.js'

const DAY_MS = 24 * 3_600_000

/** Reason for a target that no interaction matches: a day is given to come, then it is orphaned. */
export function missingTarget(state: FeedbackState, world: World): string {
  return world.hasPassed(timeOfId(state.row.id) + DAY_MS + 1) ? 'orphaned' : 'target_not_yet_seen'
}

/** Somebody said that an answer is good: accepted or approved it. */
export function isAcceptance({ row }: FeedbackState): boolean {
  return (row.kind === 'verdict' && row.label === 'accept') || (row.kind === 'review' && row.label === 'approve')
}

/** A sign that somebody used an answer: accepted, copied, kept as long and as far as the recipe asks, or a thumb up. */
export function isSignOfUse(state: FeedbackState, world: World): boolean {
  return isAcceptance(state) || isThumbUp(state) || state.row.kind === 'copy' || hasLasted(state, world)
}

/** A sign that somebody refused an answer. */
export function isSignOfRefusal(state: FeedbackState): boolean {
  const { row } = state
  return (row.kind === 'verdict' || row.kind === 'review' ? row.label === 'reject' : false) || isThumbDown(state)
}

export function isThumbUp({ row }: FeedbackState): boolean {
  return row.kind === 'thumb' && row.label === 'up'
}

export function isThumbDown({ row }: FeedbackState): boolean {
  return row.kind === 'thumb' && row.label === 'down'
}

type Test = (state: FeedbackState, world: World) => boolean

const searches = new WeakMap<Test, PerAnswer<readonly FeedbackState[]>>()

/**
 * Live feedback about an answer that passes a test, by event id. Searched once for a test and an answer, so that the
 * test must be a constant.
 */
export function signs(world: World, answer: Answer, test: Test): readonly FeedbackState[] {
  const search =
    searches.get(test) ?? perAnswer((each, within) => within.about(each).filter((state) => test(state, within)))
  searches.set(test, search)
  return search(world, answer)
}

/** Whether a correction changes what was served; a correction that says the same is an acceptance. */
export function isCorrection({ row }: FeedbackState): boolean {
  return row.kind === 'correction'
}

/** Whether feedback that rests on silence has waited long enough for what would contradict it. */
export function hasRested(states: readonly FeedbackState[], world: World): boolean {
  return states.every((each) => world.hasPassed(each.time + world.recipe.settling.late_feedback_ms))
}
