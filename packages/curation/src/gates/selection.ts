import type { Facts } from '../facts.js'
import type { Grouping, SelectionRecipe } from '../recipe/selection.js'
import { groupBy, inIdOrder } from './group-by.js'
import { groupOf } from './grouping.js'
import type { SetGate, SetGateResult } from './set-gate.js'

type Comparator = (a: Facts, b: Facts) => number

function scoreOf(facts: Facts, by: SelectionRecipe['by']): number {
  if (by === 'margin') return (2 * facts.prior - 1) * (facts.edit_distance ?? 1)
  // Information breaks the ties of expertise, of which there are three grades; it is below 2^40 characters.
  return by === 'expertise' ? facts.expertise * 2 ** 40 + facts.information : facts.information
}

/** Round by round the best of each group, and within a group the same again by what is to be spread over next. */
function roundRobin(rows: readonly Facts[], spread: readonly Grouping[], better: Comparator): Facts[] {
  const [first, ...rest] = spread
  if (first === undefined) return [...rows].sort(better)
  const round = new Map<Facts, number>()
  for (const group of groupBy(rows, (facts) => groupOf(facts, first)).values()) {
    roundRobin(group, rest, better).forEach((facts, index) => {
      round.set(facts, index)
    })
  }
  return [...rows].sort((a, b) => round.get(a)! - round.get(b)! || better(a, b))
}

/** Rows in the order in which they fill a budget, reserved ones first. */
function inOrder(rows: readonly Facts[], { by, spread }: SelectionRecipe): Facts[] {
  const order = roundRobin(
    // What is equal otherwise stays in the order of the ids.
    inIdOrder(rows),
    spread,
    (a, b) => scoreOf(b, by) - scoreOf(a, by) || b.prior - a.prior,
  )
  return [...order.filter((facts) => facts.is_reserved), ...order.filter((facts) => !facts.is_reserved)]
}

/** The rows within a budget, in shares by model where there are strata. */
function within(budget: number, rows: readonly Facts[], selection: SelectionRecipe): Set<Facts> {
  const { strata } = selection
  const named = Object.entries(strata).map(([model, share]) => [model, Math.floor(share * budget + 1e-9)] as const)
  const room = new Map(named)
  let rest = budget - named.reduce((sum, [, count]) => sum + count, 0)
  const taken = new Set<Facts>()
  for (const facts of inOrder(rows, selection)) {
    const left = room.get(facts.model)
    if ((left ?? rest) <= 0) continue
    if (left === undefined) rest--
    else room.set(facts.model, left - 1)
    taken.add(facts)
  }
  return taken
}

/** What a recipe keeps: of each shape the rows that its budget buys, by what it values, spread over what it names. */
export const selection: SetGate = {
  id: 'selection',
  run(candidates, recipe) {
    const { budget } = recipe.selection
    if (budget === null) return { kept: [...candidates], dropped: [] }
    const shapes = groupBy(candidates, ({ shape }) => shape)
    const taken = new Set([...shapes.values()].flatMap((rows) => [...within(budget, rows, recipe.selection)]))
    const result: SetGateResult = { kept: [], dropped: [] }
    for (const facts of candidates) {
      if (taken.has(facts)) result.kept.push(facts)
      else result.dropped.push({ facts, reason: 'over_budget' })
    }
    return result
  },
}
