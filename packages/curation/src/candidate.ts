import type { Draft, Parts } from './draft.js'
import type { Answer } from './evidence/evidence.js'
import type { FeedbackState } from './evidence/feedback-state.js'
import type { Facts } from './row-facts.js'
import type { Strategy } from './strategies/strategy.js'
import { byCodeUnit } from './text/canonical-json.js'

/** One (strategy, feedback event): what the funnel counts from end to end. */
export interface Candidate {
  readonly strategy: Strategy
  readonly state: FeedbackState
  /** Parts, or the reason why they do not come together. */
  readonly parts: Parts | string
  consent?: string
  draft?: Draft
  facts?: Facts
}

/** The answers that a row would be made of; where parts do not come together, the one that the feedback is about. */
export function answersOf({ parts, state }: Candidate): readonly Answer[] {
  if (typeof parts !== 'string') return parts.answers
  return state.answer === null ? [] : [state.answer]
}

/** The parts of a candidate that has passed the gate `join`. */
export function partsOf(candidate: Candidate): Parts {
  if (typeof candidate.parts === 'string') throw new Error(`candidate without parts: ${candidate.parts}`)
  return candidate.parts
}

/** The draft of a candidate that has passed the gate `construct`. */
export function draftOf(candidate: Candidate): Draft {
  if (candidate.draft === undefined) throw new Error('candidate without a draft')
  return candidate.draft
}

/** Ids of the interactions and feedback behind a candidate, each once, in the order of their text. */
export function eventsOf(candidate: Candidate): string[] {
  const { answers, feedback } = partsOf(candidate)
  const ids = [...answers.map((answer) => answer.interaction), ...feedback.map(({ row }) => row.id)]
  return [...new Set(ids)].sort(byCodeUnit)
}
