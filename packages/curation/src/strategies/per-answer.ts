import type { Answer } from '../evidence/evidence.js'
import type { FeedbackState } from '../evidence/feedback-state.js'
import type { World } from '../world.js'

/** What is known of one answer. */
export type PerAnswer<T> = (world: World, answer: Answer) => T

/**
 * Computes what an answer's live feedback says once an answer: one that thousands judge must not be searched by each of
 * their judgements. What it returns is shared by all that ask, so nobody may change it.
 */
export function perAnswer<T>(compute: (answer: Answer, world: World) => T): PerAnswer<T> {
  const known = new WeakMap<readonly FeedbackState[], { value: T }>()
  return (world, answer) => {
    const states = world.about(answer)
    const found = known.get(states) ?? { value: compute(answer, world) }
    known.set(states, found)
    return found.value
  }
}
