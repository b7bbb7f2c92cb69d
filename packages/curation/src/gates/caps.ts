import type { Facts } from '../facts.js'
import { peopleOf } from '../people.js'
import type { Cap } from '../recipe/caps.js'
import { groupBy, inIdOrder } from './group-by.js'
import type { SetGate, SetGateResult } from './set-gate.js'

/**
 * Rows that each of many may hold so that none has more than the share of what remains: the greatest whole limit with
 * limit <= share * sum(min(count, limit)). A set of too few to meet the share keeps the floor.
 */
export function capOf(counts: readonly number[], { share, rows }: Cap): number {
  const sorted = [...counts].sort((a, b) => a - b)
  let below = 0
  let limit = 0
  for (let i = 0; i <= sorted.length; i++) {
    // With i of them below the limit and the others at it: limit <= share * (below + (n - i) * limit).
    const at = sorted.length - i
    const open = 1 - share * at
    const highest = at === 0 ? Number.POSITIVE_INFINITY : (sorted[i] as number)
    const found = open <= 0 ? highest : Math.min(highest, (share * below) / open)
    if (found >= (sorted[i - 1] ?? 0)) limit = Math.max(limit, found)
    below += sorted[i] ?? 0
  }
  // A share of .1 of 100 is 10, whatever the binary fractions say.
  return Math.max(rows, Math.floor(limit + 1e-9))
}

/** Rows that each of many would hold alike, where they are too few for any limit to meet the share; 0 where one can. */
export function equalShareOf(counts: readonly number[], share: number): number {
  if (counts.length === 0 || share * counts.length >= 1) return 0
  return Math.ceil(counts.reduce((sum, count) => sum + count, 0) / counts.length)
}

/** The order in which rows fill a cap: reserved ones, then by how likely their label is right, then by their HMACs. */
function inCapOrder(rows: readonly Facts[]): Facts[] {
  return inIdOrder(rows).sort((a, b) => Number(b.is_reserved) - Number(a.is_reserved) || b.prior - a.prior)
}

interface Limit {
  reason: string
  holdersOf: (facts: Facts) => readonly string[]
  cap: Cap
  /** Whether holders too few to meet the share may hold an equal one. */
  isEqualAmongFew: boolean
}

function over(rows: readonly Facts[], { holdersOf, cap, isEqualAmongFew }: Limit): Set<Facts> {
  const counts = new Map<string, number>()
  for (const facts of rows) for (const holder of holdersOf(facts)) counts.set(holder, (counts.get(holder) ?? 0) + 1)
  const each = [...counts.values()]
  const limit = Math.max(capOf(each, cap), isEqualAmongFew ? equalShareOf(each, cap.share) : 0)
  const held = new Map<string, number>()
  const gone = new Set<Facts>()
  for (const facts of inCapOrder(rows)) {
    const holders = holdersOf(facts)
    if (!facts.is_reserved && holders.some((holder) => (held.get(holder) ?? 0) >= limit)) gone.add(facts)
    else for (const holder of holders) held.set(holder, (held.get(holder) ?? 0) + 1)
  }
  return gone
}

/**
 * Gate 13: of each shape no person and no first question holds more than its cap, in favour of the stronger labels.
 * Where people are too few to meet their share, none holds more than an equal one.
 */
export const caps: SetGate = {
  id: 'caps',
  run(candidates, recipe) {
    const limits: Limit[] = [
      {
        reason: 'user_cap',
        holdersOf: peopleOf,
        cap: recipe.caps.user,
        // Three people cannot each be a quarter, and what they say is all that there is.
        isEqualAmongFew: true,
      },
      {
        reason: 'prompt_cap',
        holdersOf: ({ prompt_cluster }) => [prompt_cluster],
        cap: recipe.caps.prompt,
        // One question asked a thousand times stays one question.
        isEqualAmongFew: false,
      },
    ]
    const dropped: SetGateResult['dropped'] = []
    let kept = [...candidates]
    for (const limit of limits) {
      const gone = new Set([...groupBy(kept, ({ shape }) => shape).values()].flatMap((rows) => [...over(rows, limit)]))
      for (const facts of kept) if (gone.has(facts)) dropped.push({ facts, reason: limit.reason })
      kept = kept.filter((facts) => !gone.has(facts))
    }
    return { kept, dropped }
  },
}
