import type { PriorSource } from '../draft.js'
import { sideText } from '../prompt/chat.js'
import { wordDistance } from '../text/word-distance.js'
import { applyCorrections, joinCorrections } from './correction.js'
import { outputOf, promptFields, renderFor } from './sides.js'
import type { Strategy } from './strategy.js'

/**
 * Prior that an edit is better than what was served. Measured on 603 rankings of 200 professional edits for committed
 * edits; a judgement for drafts and for distances below 0.1, which the measurement does not cover.
 */
export function editPrior(distance: number, isDraft: boolean): { prior: number; prior_source: PriorSource } {
  if (isDraft || distance < 0.1) return { prior: 0.65, prior_source: 'judgement' }
  return { prior: distance >= 0.58 ? 0.84 : 0.75, prior_source: 'measured' }
}

/** A correction, against the output it corrects. */
export const editFinal: Strategy = {
  id: 'edit.final',
  shape: 'preference',
  precedence: 30,
  claims: (row) => row.kind === 'correction',
  join: joinCorrections,
  construct(_, parts, world) {
    const answer = parts.answers[0]!
    const output = outputOf(world, answer)
    if (output === undefined) return 'body_expired'
    const corrections = parts.feedback.filter(({ row }) => row.kind === 'correction')
    const corrected = applyCorrections(output, corrections)
    if (corrected === null) return 'shown_transformed'
    const chat = renderFor(world, answer, [corrected, output])
    if (typeof chat === 'string') return chat
    const [chosen, rejected] = chat.completions as [(typeof chat.completions)[0], (typeof chat.completions)[0]]
    const distance = wordDistance(sideText(rejected), sideText(chosen))
    const isDraft = corrections.some(({ row }) => row.stage === 'draft')
    return {
      shape: 'preference',
      prompt: chat.prompt,
      chosen,
      rejected,
      ...editPrior(distance, isDraft),
      edit_distance: distance,
      ...promptFields(world, answer),
      chosen_by: corrections.every(({ row }) => row.author_kind !== 'model') ? 'human' : 'model',
    }
  },
}
