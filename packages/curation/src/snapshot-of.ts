import type { Evidence } from './evidence/evidence.js'
import { compareArrival } from './evidence/feedback-state.js'
import { parseTime } from './evidence/time.js'
import { byCodeUnit } from './text/canonical-json.js'

function firstArrivals<T extends { id: string; received_at: string }>(rows: readonly T[], watermark: number): T[] {
  const first = new Map<string, T>()
  for (const row of rows) {
    if (parseTime(row.received_at) > watermark) continue
    const known = first.get(row.id)
    if (known === undefined || compareArrival(row, known) < 0) first.set(row.id, row)
  }
  return [...first.values()].sort((a, b) => byCodeUnit(a.id, b.id))
}

/** The snapshot proper: nothing received after the watermark, each id once (its first arrival), in the order of ids. */
export function snapshotOf(evidence: Evidence): Evidence {
  const watermark = parseTime(evidence.watermark)
  return {
    ...evidence,
    interactions: firstArrivals(evidence.interactions, watermark),
    feedback: firstArrivals(evidence.feedback, watermark),
    links: firstArrivals(evidence.links, watermark),
    consents: firstArrivals(evidence.consents, parseTime(evidence.cutoff)),
    bodies: [...new Map(evidence.bodies.map((body) => [body.id, body])).values()].sort((a, b) =>
      byCodeUnit(a.id, b.id),
    ),
  }
}
