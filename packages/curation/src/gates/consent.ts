import { answersOf } from '../candidate.js'
import { eachGate, type Gate } from './gate.js'

/**
 * Gate 1: everyone whose text is in the row, and nobody who withdrew. What has no parts yet is judged by its author and answer;
 * the gate `join` takes it anyway. Tombstones and expired rows never reach a snapshot.
 */
export const consent: Gate = eachGate('consent', (candidate, world) => {
  const { parts, state } = candidate
  const answers = answersOf(candidate)
  const feedback = typeof parts === 'string' ? [state] : parts.feedback
  const by = new Set<string>()
  for (const answer of answers) {
    const head = world.head(answer.interaction)
    if (head === undefined) continue
    const verdict = world.consent.ofInteraction(head)
    if (!verdict.isGranted) return verdict.reason
    by.add(verdict.by)
  }
  for (const each of feedback) {
    const about = world.head(each.answer?.interaction ?? answers[0]?.interaction ?? '')
    // Nothing is known of a target that has not been seen; it is dropped at the join.
    if (about === undefined && answers.length === 0) continue
    const verdict = world.consent.ofFeedback(each.row, about)
    if (!verdict.isGranted) return `author_${verdict.reason}`
    if (verdict.by !== 'no_text') by.add(verdict.by)
  }
  candidate.consent = [...by].sort().join('+')
  return null
})
