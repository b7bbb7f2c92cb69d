import { setImmediate as nextTurn } from 'node:timers/promises'

/** Breaks long synchronous work up, so that a request in the same process is not kept waiting. */
export interface Turns {
  /** Call between small pieces of work: gives other work a turn once `turn_ms` have passed without one. */
  yieldIfLong(): Promise<void> | undefined
}

/** @default turn_ms 5 */
export function createTurns(turn_ms = 5): Turns {
  let started = performance.now()
  return {
    yieldIfLong() {
      if (performance.now() - started < turn_ms) return undefined
      return nextTurn().then(() => {
        started = performance.now()
      })
    },
  }
}
