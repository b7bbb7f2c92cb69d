import { type Answer, answerKey, MAX_CHOICE_CANDIDATES } from '../evidence/evidence.js'
import type { FeedbackState } from '../evidence/feedback-state.js'
import { candidatesOf } from '../evidence/resolve-targets.js'
import type { World } from '../world.js'
import { isAcceptance, isSignOfRefusal, missingTarget, signs } from './signs.js'

/** Whether a choice was among that many. */
export function isAmong(candidates: string, test: (count: number) => boolean): boolean {
  return test(candidatesOf({ candidates }).length)
}

/** The picked candidate and the others that were seen, or why a choice prefers none. */
export function joinChoice(state: FeedbackState, world: World): { won: Answer; lost: Answer[] } | string {
  const { row } = state
  const candidates = candidatesOf(row)
  if (row.winner === 'tie' || row.winner === 'both_bad') return 'tie'
  if (candidates.length > MAX_CHOICE_CANDIDATES) return 'too_many_candidates'
  const won = candidates[Number(row.winner || Number.NaN)]
  if (won === undefined) return 'no_winner'
  const isSeen = (each: Answer): boolean => row.seen.includes(candidates.indexOf(each))
  const lost = candidates.filter((each) => isSeen(each) && answerKey(each) !== answerKey(won))
  if (!isSeen(won) || lost.length === 0) return 'arm_not_seen'
  if ([won, ...lost].some((each) => world.head(each.interaction) === undefined)) return missingTarget(state, world)
  // Who picks one answer while somebody refuses it, or accepts a loser, leaves nothing to learn from.
  const isRefused = signs(world, won, isSignOfRefusal).length > 0
  if (isRefused || lost.some((each) => signs(world, each, isAcceptance).length > 0)) return 'contradictory'
  if (!world.hasPassed(state.time + world.recipe.settling.committed_ms)) return 'not_settled'
  return { won, lost }
}
