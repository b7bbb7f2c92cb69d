import type { Answer } from '../evidence/evidence.js'
import type { FeedbackState } from '../evidence/feedback-state.js'
import type { World } from '../world.js'
import { type PerAnswer, perAnswer } from './per-answer.js'

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a `retain`'s horizon, such as `10m` or `24h`; null where its name is none. */
export function horizonMs(name: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(name)
  return match === null ? null : Number(match[1]) * UNITS[match[2]!]!
}

/** Whether a `retain` of an answer looked late enough for the answer's task. */
function isLate({ row }: FeedbackState, { interaction }: Answer, world: World): boolean {
  const { retained_ms, retained_ms_by_task } = world.recipe.evidence
  const task = world.head(interaction)?.task ?? ''
  const least = Object.hasOwn(retained_ms_by_task, task) ? (retained_ms_by_task[task] ?? retained_ms) : retained_ms
  return (horizonMs(row.name) ?? -1) >= least
}

/** The `retain` events of an answer whose horizon is long enough for its task. */
export const retentions: PerAnswer<readonly FeedbackState[]> = perAnswer((answer, world) =>
  world.about(answer).filter((state) => state.row.kind === 'retain' && isLate(state, answer, world)),
)

/** Whether a `retain` found enough of the answer kept. */
export function isRetained({ row }: FeedbackState, world: World): boolean {
  return (row.value ?? 0) >= world.recipe.evidence.retained_share
}

/** A `retain` that looked late enough and found enough kept: time is the signal, not the first look. */
export function hasLasted(state: FeedbackState, world: World): boolean {
  const { row, answer } = state
  return row.kind === 'retain' && answer !== null && isLate(state, answer, world) && isRetained(state, world)
}
