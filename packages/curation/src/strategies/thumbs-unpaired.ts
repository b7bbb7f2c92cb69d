import { priorOf } from './priors.js'
import { outputOf, promptFields, renderFor } from './sides.js'
import {
  hasRested,
  isCorrection,
  isSignOfRefusal,
  isSignOfUse,
  isThumbDown,
  isThumbUp,
  missingTarget,
  signs,
} from './signs.js'
import type { Strategy } from './strategy.js'

/** A lone thumb: one completion with a label, never a pair invented across prompts. */
export const thumbsUnpaired: Strategy = {
  id: 'thumbs.unpaired',
  shape: 'unpaired',
  precedence: 70,
  claims: (row) => row.kind === 'thumb',
  join(state, world) {
    const { row, answer } = state
    if (row.label !== 'up' && row.label !== 'down') return 'taken_back'
    if (answer === null) return missingTarget(state, world)
    const thumbs = signs(world, answer, row.label === 'up' ? isThumbUp : isThumbDown)
    const against = signs(world, answer, row.label === 'up' ? isSignOfRefusal : isSignOfUse)
    if (against.length > 0) return 'contradictory'
    if (signs(world, answer, isCorrection).length > 0) return 'not_alone'
    if (thumbs[0] !== state) return 'merged_with_another_thumb'
    if (!hasRested(thumbs, world)) return 'not_settled'
    return { answers: [answer], feedback: thumbs }
  },
  construct(state, parts, world) {
    const answer = parts.answers[0]!
    const output = outputOf(world, answer)
    if (output === undefined) return 'body_expired'
    const chat = renderFor(world, answer, [output])
    if (typeof chat === 'string') return chat
    return {
      shape: 'unpaired',
      prompt: chat.prompt,
      chosen: chat.completions[0]!,
      label: state.row.label === 'up',
      ...priorOf('thumbs.unpaired'),
      edit_distance: null,
      ...promptFields(world, answer),
      rejected_answer: null,
      chosen_by: 'model',
    }
  },
}
