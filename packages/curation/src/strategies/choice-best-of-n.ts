import { answerKey } from '../evidence/evidence.js'
import { candidatesOf } from '../evidence/resolve-targets.js'
import { isAmong, joinChoice } from './choice.js'
import { modelPair } from './model-pair.js'
import { priorOf } from './priors.js'
import type { Strategy } from './strategy.js'

/**
 * Three answers or more, one picked: it is preferred to each other that was seen. The pairs of one choice share the
 * weight of one.
 */
export const choiceBestOfN: Strategy = {
  id: 'choice.best_of_n',
  shape: 'preference',
  precedence: 40,
  claims: (row) => row.kind === 'choice' && isAmong(row.candidates, (count) => count > 2),
  join(state, world) {
    const choice = joinChoice(state, world)
    if (typeof choice === 'string') return choice
    return choice.lost.map((lost) => ({ answers: [choice.won, lost], feedback: [state], part: answerKey(lost) }))
  },
  construct({ row }, parts, world) {
    const [won, lost] = parts.answers as [(typeof parts.answers)[0], (typeof parts.answers)[0]]
    const pair = modelPair(world, won, lost, priorOf('choice.best_of_n'))
    if (typeof pair === 'string') return pair
    const losers = candidatesOf(row).filter(
      (each, slot) => row.seen.includes(slot) && answerKey(each) !== answerKey(won),
    )
    return { ...pair, weight_share: 1 / losers.length }
  },
}
