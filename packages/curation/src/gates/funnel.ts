import type { Candidate } from '../candidate.js'
import { byCodeUnit } from '../text/canonical-json.js'
import type { World } from '../world.js'
import type { Gate, Ports } from './gate.js'

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

/** Sends candidates through gates and counts what each takes. */
export function runGates(
  candidates: readonly Candidate[],
  gates: readonly Gate[],
  world: World,
  ports: Ports,
): { kept: Candidate[]; funnel: FunnelStep[] } {
  let kept = [...candidates]
  const funnel: FunnelStep[] = []
  for (const gate of gates) {
    const result = gate.run(kept, world, ports)
    const dropped = count(result.dropped.map(({ reason }) => reason))
    funnel.push({ gate: gate.id, in: kept.length, out: result.kept.length, dropped })
    kept = result.kept
  }
  return { kept, funnel }
}
