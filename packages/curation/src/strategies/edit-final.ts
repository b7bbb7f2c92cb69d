import { correctedPair } from './corrected-pair.js'
import { isDraft, isOfToolCall, joinCorrections } from './correction.js'
import type { Prior } from './priors.js'
import { isCorrection } from './signs.js'
import type { Strategy } from './strategy.js'

/**
 * Prior that an edit is better than what was served. Measured on 603 rankings of 200 professional edits for committed
 * edits; a judgement for drafts and for distances below 0.1, which the measurement does not cover.
 */
export function editPrior(distance: number, isDraft: boolean): Prior {
  if (isDraft || distance < 0.1) return { prior: 0.65, prior_source: 'judgement' }
  return { prior: distance >= 0.58 ? 0.84 : 0.75, prior_source: 'measured' }
}

/** A correction of what was said, against the output it corrects. */
export const editFinal: Strategy = {
  id: 'edit.final',
  shape: 'preference',
  precedence: 30,
  claims: (row) => row.kind === 'correction' && !isOfToolCall(row),
  join: (state, world) => joinCorrections(state, world, (row) => !isOfToolCall(row)),
  construct(_, parts, world) {
    const corrections = parts.feedback.filter(isCorrection)
    const hasDraft = corrections.some(isDraft)
    return correctedPair(world, parts.answers[0]!, corrections, (distance) => editPrior(distance, hasDraft))
  },
}
