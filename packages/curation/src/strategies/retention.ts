import type { FeedbackState } from '../evidence/feedback-state.js'
import type { World } from '../world.js'
import { type PerAnswer, perAnswer } from './per-answer.js'

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a `retain`'s horizon, such as `10m` or `24h`; null where its name is none. */
export function horizonMs(name: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(name)
  return match === null ? null : Number(match[1]) * UNITS[match[2]!]!
}

/** The `retain` events of an answer whose horizon is long enough for its task. */
export const retentions: PerAnswer<readonly FeedbackState[]> = perAnswer((answer, world) => {
  const { retained_ms, retained_ms_by_task } = world.recipe.evidence
  const task = world.head(answer.interaction)?.task ?? ''
  const least = Object.hasOwn(retained_ms_by_task, task) ? (retained_ms_by_task[task] ?? retained_ms) : retained_ms
  return world.about(answer).filter(({ row }) => row.kind === 'retain' && (horizonMs(row.name) ?? -1) >= least)
})

/** Whether a `retain` found enough of the answer kept. */
export function isRetained({ row }: FeedbackState, world: World): boolean {
  return (row.value ?? 0) >= world.recipe.evidence.retained_share
}
