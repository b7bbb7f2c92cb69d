import type { Facts } from '../facts.js'
import { compareStrength, groupBy } from './group-by.js'
import type { SetGate, SetGateResult } from './set-gate.js'

/**
 * Gate 11: contradictions leave together, repetitions leave one, and each rejected output makes at most one pair: the
 * one of the strongest strategy, then of the highest prior, then the latest.
 */
export const exactDedupe: SetGate = {
  id: 'exact_dedupe',
  run(candidates) {
    const dropped: SetGateResult['dropped'] = []
    const isGone = new Set<Facts>()
    const drop = (facts: Facts, reason: string): void => {
      isGone.add(facts)
      dropped.push({ facts, reason })
    }
    const left = (): Facts[] => candidates.filter((facts) => !isGone.has(facts))
    for (const group of groupBy(left(), (facts) => facts.unsigned).values()) {
      if (new Set(group.map((facts) => facts.content)).size < 2) continue
      for (const facts of group) drop(facts, facts.shape === 'preference' ? 'reversed_pair' : 'contradictory_label')
    }
    for (const group of groupBy(left(), (facts) => facts.content).values()) {
      for (const facts of group.sort(compareStrength).slice(1)) drop(facts, 'duplicate')
    }
    const pairs = left().filter((facts) => facts.rejected_answer !== null)
    for (const group of groupBy(pairs, (facts) => facts.rejected_answer ?? '').values()) {
      for (const facts of group.sort(compareStrength).slice(1)) drop(facts, 'one_pair_per_rejected_output')
    }
    return { kept: left(), dropped }
  },
}
