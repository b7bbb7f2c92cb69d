import type { Facts } from '../facts.js'
import type { SelectionRecipe } from '../recipe/selection.js'
import type { SetGate, SetGateResult } from './set-gate.js'

function reasonAgainst(facts: Facts, { only, rejected_models, max_age_ms }: SelectionRecipe): string | null {
  if (only === 'vouched' && facts.expertise === 0) return 'not_vouched'
  const isJudged = facts.shape !== 'supervised'
  if (isJudged && rejected_models.length > 0 && !rejected_models.includes(facts.model)) return 'off_policy'
  return max_age_ms !== null && facts.age_ms > max_age_ms ? 'too_old' : null
}

/**
 * What the recipe's selection cannot take leaves before rows are compared with each other: a stronger row that it does
 * not want must not displace a weaker one that it wants.
 */
export const eligibility: SetGate = {
  id: 'eligibility',
  run(candidates, { selection }) {
    const result: SetGateResult = { kept: [], dropped: [] }
    for (const facts of candidates) {
      const reason = reasonAgainst(facts, selection)
      if (reason === null) result.kept.push(facts)
      else result.dropped.push({ facts, reason })
    }
    return result
  },
}
