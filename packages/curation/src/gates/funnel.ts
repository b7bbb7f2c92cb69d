import type { Candidate } from '../candidate.js'
import type { Recipe } from '../recipe.js'
import type { Facts } from '../row-facts.js'
import { byCodeUnit } from '../text/canonical-json.js'
import type { World } from '../world.js'
import type { Ports } from './gate.js'
import { ROW_GATES, SET_GATES } from './registry.js'

/** What one gate did. `in` is `out` plus everything in `dropped`, and the next gate's `in`. */
export interface FunnelStep {
  gate: string
  in: number
  out: number
  dropped: Record<string, number>
}

function count(reasons: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const reason of [...reasons].sort(byCodeUnit)) counts[reason] = (counts[reason] ?? 0) + 1
  return counts
}

function step(
  gate: string,
  came: number,
  kept: readonly unknown[],
  dropped: readonly { reason: string }[],
): FunnelStep {
  return { gate, in: came, out: kept.length, dropped: count(dropped.map(({ reason }) => reason)) }
}

/** Sends candidates through the gates that judge a row by its texts. What is kept has its facts. */
export function runRowGates(
  candidates: readonly Candidate[],
  world: World,
  ports: Ports,
): { kept: Candidate[]; funnel: FunnelStep[] } {
  const funnel: FunnelStep[] = []
  let kept = [...candidates]
  for (const gate of ROW_GATES) {
    const result = gate.run(kept, world, ports)
    funnel.push(step(gate.id, kept.length, result.kept, result.dropped))
    kept = result.kept
  }
  return { kept, funnel }
}

/** Sends facts through the gates that judge rows by each other. What is kept stands in the order of the last gate. */
export function runSetGates(
  facts: readonly Facts[],
  recipe: Recipe,
  ports: Ports,
): { kept: Facts[]; funnel: FunnelStep[] } {
  const funnel: FunnelStep[] = []
  let kept = [...facts]
  for (const gate of SET_GATES) {
    const result = gate.run(kept, recipe, ports)
    funnel.push(step(gate.id, kept.length, result.kept, result.dropped))
    kept = result.kept
  }
  return { kept, funnel }
}

/** The funnel of several units together. Each has every gate, in the same order. */
export function sumFunnels(funnels: readonly (readonly FunnelStep[])[]): FunnelStep[] {
  return ROW_GATES.map(({ id }, at) => {
    const steps = funnels.map((funnel) => funnel[at]!)
    const counts = new Map<string, number>()
    for (const { dropped } of steps) {
      for (const [reason, taken] of Object.entries(dropped)) counts.set(reason, (counts.get(reason) ?? 0) + taken)
    }
    return {
      gate: id,
      in: steps.reduce((sum, each) => sum + each.in, 0),
      out: steps.reduce((sum, each) => sum + each.out, 0),
      dropped: Object.fromEntries([...counts].sort(([a], [b]) => byCodeUnit(a, b))),
    }
  })
}
