import { type FeedbackKind, FlywheelError, type FlywheelEvent } from '@flywheel/schema'
import type { Pressure } from './pressure.js'

/** Signals that nobody gave on purpose: the first to go when the log fills. */
const IMPLICIT: ReadonlySet<FeedbackKind> = new Set(['shown', 'retain', 'copy'])

/**
 * Whether an event of a request is dropped under the present pressure.
 * @returns why, for the line's answer, or null where it is taken
 * @throws FlywheelError `backlog_full` for an interaction that cannot be taken now. It takes the whole request: a client
 * sends that again, while a line that is answered as rejected is gone.
 */
export function shedReason(event: FlywheelEvent, { stage, reason }: Pressure): string | null {
  if (stage === 'none') return null
  if (event.type === 'interaction' && stage === 'interactions')
    throw new FlywheelError('backlog_full', `${reason}; explicit feedback alone is taken, send the same again`)
  if (event.type === 'feedback' && IMPLICIT.has(event.kind)) return `${reason}; ${event.kind} events are shed meanwhile`
  return null
}
