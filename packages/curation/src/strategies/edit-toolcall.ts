import { correctedPair } from './corrected-pair.js'
import { isDraft, isOfToolCall, joinCorrections } from './correction.js'
import { editPrior } from './edit-final.js'
import { priorOf } from './priors.js'
import { isCorrection } from './signs.js'
import type { Strategy } from './strategy.js'

/** A tool's name or arguments changed before the call ran, against the call that was proposed. */
export const editToolcall: Strategy = {
  id: 'edit.toolcall',
  shape: 'preference',
  precedence: 20,
  claims: (row) => row.kind === 'correction' && isOfToolCall(row),
  join: (state, world) => joinCorrections(state, world, isOfToolCall),
  construct(_, parts, world) {
    const corrections = parts.feedback.filter(isCorrection)
    const hasDraft = corrections.some(isDraft)
    return correctedPair(world, parts.answers[0]!, corrections, (distance) =>
      hasDraft ? editPrior(distance, true) : priorOf('edit.toolcall'),
    )
  },
}
