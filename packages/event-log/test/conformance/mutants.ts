import type { EventLog } from '@flywheel/event-log'

/** A log that breaks one promise, and a check of the suite that must notice. */
export interface Mutant {
  caughtBy: string
  mutate(log: EventLog): EventLog
}

export const MUTANTS: Record<string, Mutant> = {}
