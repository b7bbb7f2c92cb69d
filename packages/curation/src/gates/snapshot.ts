import { answersOf } from '../candidate.js'
import { eachGate, type Gate } from './gate.js'

/**
 * Gate 0: only the latest value of each feedback identity counts, and every answer of a row meets the recipe's filter.
 * What counts and what it is about is decided over the whole snapshot: a filter never brings a superseded value back.
 */
export const snapshot: Gate = eachGate('snapshot', (candidate, world) => {
  if (candidate.state.fate !== 'live') return candidate.state.fate
  return answersOf(candidate).every((answer) => world.isSelected(answer.interaction)) ? null : 'outside_filter'
})
