import type { Facts } from '../facts.js'
import type { SetGate, SetGateResult } from './set-gate.js'

function groupBy(list: readonly Facts[], key: (facts: Facts) => string): Facts[][] {
  const groups = new Map<string, Facts[]>()
  for (const facts of list) {
    const name = key(facts)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [facts])
    else group.push(facts)
  }
  return [...groups.values()]
}

/** Which of two rows stands where only one may: the strategy's precedence, the higher prior, the later. */
export function compareStrength(a: Facts, b: Facts): number {
  return a.precedence - b.precedence || b.prior - a.prior || b.time - a.time || (a.feedback < b.feedback ? -1 : 1)
}

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
    for (const group of groupBy(left(), (facts) => facts.unsigned)) {
      if (new Set(group.map((facts) => facts.content)).size < 2) continue
      for (const facts of group) drop(facts, facts.shape === 'preference' ? 'reversed_pair' : 'contradictory_label')
    }
    for (const group of groupBy(left(), (facts) => facts.content)) {
      for (const facts of group.sort(compareStrength).slice(1)) drop(facts, 'duplicate')
    }
    const pairs = left().filter((facts) => facts.rejected_answer !== null)
    for (const group of groupBy(pairs, (facts) => facts.rejected_answer ?? '')) {
      for (const facts of group.sort(compareStrength).slice(1)) drop(facts, 'one_pair_per_rejected_output')
    }
    return { kept: left(), dropped }
  },
}
