import { candidatesOf } from '../evidence/resolve-targets.js'
import { modelPair } from './model-pair.js'
import { priorOf } from './priors.js'
import { isCorrection, isSignOfRefusal, isSignOfUse, missingTarget, signs } from './signs.js'
import type { Strategy } from './strategy.js'

/** An answer thrown away for another try that was then accepted or kept. */
export const regenerateAccepted: Strategy = {
  id: 'regenerate.accepted',
  shape: 'preference',
  precedence: 50,
  claims: (row) => row.kind === 'regenerate',
  join(state, world) {
    const second = candidatesOf(state.row)[0]
    if (second === undefined) return 'no_second_sample'
    if (state.answer === null || world.head(second.interaction) === undefined) return missingTarget(state, world)
    const accepts = signs(world, second, isSignOfUse)
    if (signs(world, second, isCorrection).length > 0) return 'second_was_edited'
    if (accepts.length === 0) return 'not_accepted'
    const isContradicted = signs(world, second, isSignOfRefusal).length > 0
    if (isContradicted || signs(world, state.answer, isSignOfUse).length > 0) return 'contradictory'
    const last = Math.max(state.time, ...accepts.map((each) => each.time))
    if (!world.hasPassed(last + world.recipe.settling.late_feedback_ms)) return 'not_settled'
    return { answers: [second, state.answer], feedback: [state, ...accepts] }
  },
  construct(_, parts, world) {
    const [second, first] = parts.answers as [(typeof parts.answers)[0], (typeof parts.answers)[0]]
    return modelPair(world, second, first, priorOf('regenerate.accepted'))
  },
}
