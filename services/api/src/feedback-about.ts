import { type Fate, feedbackState, resolveTargets } from '@flywheel/curation'
import type { FeedbackEvidence } from '@flywheel/store'

/** A feedback event with what became of it and the output that it is about. */
export interface PlacedFeedback {
  event: FeedbackEvidence['feedback'][number]
  state: Fate
  resolved_choice: number
}

/**
 * The feedback about one interaction, oldest first; superseded and retracted events too. Targets and states are decided
 * by the functions that decide them for an export, so the two never disagree.
 */
export function feedbackAbout(interaction: string, evidence: FeedbackEvidence): PlacedFeedback[] {
  const events = new Map(evidence.feedback.map((event) => [event.id, event]))
  return feedbackState(evidence.feedback, resolveTargets(evidence))
    .sort((a, b) => a.time - b.time)
    .flatMap(({ row, answer, fate }) => {
      const event = events.get(row.id)
      if (event === undefined || answer?.interaction !== interaction) return []
      return [{ event, state: fate, resolved_choice: answer.choice }]
    })
}
