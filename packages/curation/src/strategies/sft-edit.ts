import type { FeedbackRow } from '../evidence/evidence.js'
import { joinCorrections } from './correction.js'
import { editFinal } from './edit-final.js'
import { editToolcall } from './edit-toolcall.js'
import { holdsText, reviewDecision } from './review-decision.js'
import type { Strategy } from './strategy.js'

function sourceOf(row: FeedbackRow): Strategy {
  if (row.kind === 'review') return reviewDecision
  return editToolcall.claims(row) ? editToolcall : editFinal
}

/** The corrected output alone, as supervision: a correction, or a reviewer's own text. */
export const sftEdit: Strategy = {
  id: 'sft.edit',
  shape: 'supervised',
  precedence: 30,
  claims: (row) => row.kind === 'correction' || (row.kind === 'review' && row.label === 'edit' && holdsText(row)),
  join: (state, world) =>
    state.row.kind === 'review' ? reviewDecision.join(state, world) : joinCorrections(state, world),
  construct(state, parts, world) {
    const edit = sourceOf(state.row).construct(state, parts, world)
    if (typeof edit === 'string') return edit
    // The served side stays in the draft: the edit bounds compare with it. The format does not write it.
    return { ...edit, shape: 'supervised', rejected_answer: null }
  },
}
