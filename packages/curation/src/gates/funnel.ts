import type { Candidate } from '../candidate.js'
import { type Facts, factsOf } from '../facts.js'
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

/**
 * Sends candidates through every gate and counts what each takes: first those that judge a row by its texts, then those
 * that judge rows by each other. What is kept has its facts and stands in the order of the last gate.
 */
export function runGates(
  candidates: readonly Candidate[],
  world: World,
  ports: Ports,
): { kept: Candidate[]; funnel: FunnelStep[] } {
  const funnel: FunnelStep[] = []
  const step = (gate: string, came: number, kept: readonly unknown[], dropped: readonly { reason: string }[]): void => {
    funnel.push({ gate, in: came, out: kept.length, dropped: count(dropped.map(({ reason }) => reason)) })
  }
  let kept = [...candidates]
  for (const gate of ROW_GATES) {
    const result = gate.run(kept, world, ports)
    step(gate.id, kept.length, result.kept, result.dropped)
    kept = result.kept
  }
  const byFacts = new Map<Facts, Candidate>(kept.map((candidate) => [factsOf(candidate), candidate]))
  let facts = [...byFacts.keys()]
  for (const gate of SET_GATES) {
    const result = gate.run(facts, world.recipe, ports)
    step(gate.id, facts.length, result.kept, result.dropped)
    facts = result.kept
  }
  return { kept: facts.map((each) => byFacts.get(each)!), funnel }
}
