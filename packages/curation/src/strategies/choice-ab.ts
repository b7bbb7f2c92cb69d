import { candidatesOf } from '../evidence/resolve-targets.js'
import { modelPair } from './model-pair.js'
import { missingTarget } from './signs.js'
import type { Strategy } from './strategy.js'

/** Two answers side by side, slots randomised, both seen, one picked. */
export const choiceAb: Strategy = {
  id: 'choice.ab',
  shape: 'preference',
  precedence: 40,
  claims: (row) => row.kind === 'choice',
  join(state, world) {
    const { row } = state
    const candidates = candidatesOf(row)
    if (row.winner === 'tie' || row.winner === 'both_bad') return 'tie'
    if (candidates.length !== 2) return 'not_two_candidates'
    if (!row.randomised) return 'slots_not_randomised'
    if (!(row.seen.includes(0) && row.seen.includes(1))) return 'arm_not_seen'
    if (row.winner !== '0' && row.winner !== '1') return 'no_winner'
    if (candidates.some((each) => world.head(each.interaction) === undefined)) return missingTarget(state, world)
    if (state.time + world.recipe.settling.committed_ms > world.now) return 'not_settled'
    const [first, second] = candidates as [(typeof candidates)[0], (typeof candidates)[0]]
    return { answers: row.winner === '0' ? [first, second] : [second, first], feedback: [state] }
  },
  construct(_, parts, world) {
    const [won, lost] = parts.answers as [(typeof parts.answers)[0], (typeof parts.answers)[0]]
    return modelPair(world, won, lost, { prior: 0.7, prior_source: 'judgement' })
  },
}
