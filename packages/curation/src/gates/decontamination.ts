import type { SetGate } from './set-gate.js'

/**
 * Gate 15: a row that repeats an item of a registered evaluation set is not trained on, on whatever side and whoever
 * pasted it. The verdict is among the facts; the reason names the set.
 */
export const decontamination: SetGate = {
  id: 'decontamination',
  run: (candidates) => ({
    kept: candidates.filter(({ evaluation_set }) => evaluation_set === ''),
    dropped: candidates
      .filter(({ evaluation_set }) => evaluation_set !== '')
      .map((facts) => ({ facts, reason: `evaluation_set.${facts.evaluation_set}` })),
  }),
}
