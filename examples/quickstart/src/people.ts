import { createDraws, type Draws } from './random.js'

/** One support agent. Rates are drawn once a person; what happens to a draft follows from them and from the draft. */
export interface Person {
  id: string
  /** How carefully this person reads: the share of flaws that they mend. */
  thoroughness: number
  /** How readily a flawed draft is edited rather than sent as it is, or asked for again. */
  editing: number
  regenerating: number
  thumbing: number
  /** Whether drafts are left open and never sent. */
  abandoning: number
  sessions: number
  /** `refused` never agreed to training; `withdraws` takes the agreement back during the day. */
  consent: 'granted' | 'refused' | 'withdraws'
  draws: Draws
}

const clamp = (value: number): number => Math.min(0.95, Math.max(0.02, value))

/**
 * The desk: `count` people whose habits are drawn from distributions. Activity is log-normal, so one person does a
 * good part of the work without being told to.
 */
export function createPeople(seed: string, count: number): Person[] {
  const draws = createDraws(`${seed}/people`)
  return Array.from({ length: count }, (_, index) => {
    const id = `agent-${String(index + 1).padStart(2, '0')}`
    return {
      id,
      thoroughness: clamp(draws.normal(0.7, 0.2)),
      editing: clamp(draws.normal(0.55, 0.2)),
      regenerating: clamp(draws.normal(0.15, 0.08)),
      thumbing: clamp(draws.normal(0.3, 0.15)),
      abandoning: clamp(draws.normal(0.08, 0.05)),
      sessions: Math.max(1, Math.min(14, Math.round(draws.logNormal(2.2, 0.75)))),
      consent: draws.chance(0.12) ? 'refused' : draws.chance(0.15) ? 'withdraws' : 'granted',
      draws: createDraws(`${seed}/${id}`),
    }
  })
}
