import type { Parts } from '../draft.js'
import type { Answer } from '../evidence/evidence.js'
import { candidatesOf } from '../evidence/resolve-targets.js'
import { correctedAgainst, correctedPair } from './corrected-pair.js'
import { joinCorrections } from './correction.js'
import { perAnswer } from './per-answer.js'
import { priorOf } from './priors.js'
import { isCorrection, isSignOfUse, missingTarget, signs } from './signs.js'
import type { Strategy } from './strategy.js'

/** The corrections of the second sample by the first author whose corrections come together. */
const joinEdit = perAnswer((second, world): Parts | string => {
  const found = signs(world, second, isCorrection).map((each) => joinCorrections(each, world))
  const parts = found.find((each) => typeof each !== 'string')
  return parts ?? found[0] ?? 'second_not_edited'
})

/**
 * An answer thrown away for another try that was then corrected: the corrected text against the second sample and,
 * where the recipe asks for it, against the first. Never the first against the bare second.
 */
export const regenerateEdited: Strategy = {
  id: 'regenerate.edited',
  shape: 'preference',
  precedence: 50,
  claims: (row) => row.kind === 'regenerate',
  join(state, world) {
    const second = candidatesOf(state.row)[0]
    if (second === undefined) return 'no_second_sample'
    if (state.answer === null || world.head(second.interaction) === undefined) return missingTarget(state, world)
    const edit = joinEdit(world, second)
    if (typeof edit === 'string') return edit
    if (signs(world, state.answer, isSignOfUse).length > 0) return 'contradictory'
    const feedback = [state, ...edit.feedback]
    const strong = { answers: [second], feedback, part: 'second' }
    const weak = { answers: [second, state.answer], feedback, part: 'first' }
    return world.recipe.evidence.weak_pair ? [strong, weak] : strong
  },
  construct(_, parts, world) {
    const [second, first] = parts.answers as [Answer, Answer?]
    const corrections = parts.feedback.filter(isCorrection)
    return first === undefined
      ? correctedPair(world, second, corrections, () => priorOf('regenerate.edited'))
      : correctedAgainst(world, second, corrections, first, priorOf('regenerate.edited/weak'))
  },
}
