import { isAmong, joinChoice } from './choice.js'
import { modelPair } from './model-pair.js'
import { priorOf } from './priors.js'
import type { Strategy } from './strategy.js'

/** Two answers side by side, slots randomised, both seen, one picked. */
export const choiceAb: Strategy = {
  id: 'choice.ab',
  shape: 'preference',
  precedence: 40,
  claims: (row) => row.kind === 'choice' && isAmong(row.candidates, (count) => count <= 2),
  join(state, world) {
    const { row } = state
    if (isAmong(row.candidates, (count) => count !== 2)) return 'not_two_candidates'
    const choice = joinChoice(state, world)
    // Whoever always shows the newer model first learns that the first is better.
    if (choice !== 'tie' && !row.randomised) return 'slots_not_randomised'
    if (typeof choice === 'string') return choice
    return { answers: [choice.won, ...choice.lost], feedback: [state] }
  },
  construct(_, parts, world) {
    const [won, lost] = parts.answers as [(typeof parts.answers)[0], (typeof parts.answers)[0]]
    return modelPair(world, won, lost, priorOf('choice.ab'))
  },
}
