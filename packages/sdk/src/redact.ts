import type { FlywheelEvent } from '@flywheel/schema/wire'
import { withoutContent } from './content.js'
import { nameOf, type Report } from './diagnostics.js'

/**
 * Changes an event before it is queued. Gets the event in the wire's shape and returns it, changed or not.
 * If it throws or returns anything else, the content is removed and the record kept.
 */
export type Redact = (event: FlywheelEvent) => FlywheelEvent

/**
 * The redacted line. Fails closed. What makes the event an event (`type`, `id`, `schema_version`) is not the host's to
 * change: the counters rest on it. What was thrown is not reported, since it may quote what was to be redacted.
 */
export function redactLine(line: string, redact: Redact, report: Report): string {
  const event = JSON.parse(line) as FlywheelEvent
  const { type, id, schema_version } = event
  let problem = 'redact returned no event'
  try {
    const redacted = redact(event) as unknown
    if (typeof redacted === 'object' && redacted !== null && !Array.isArray(redacted)) {
      // A promise comes too late, and its rejection is not to become the host's.
      if ('then' in redacted) Promise.resolve(redacted).catch(() => {})
      else return JSON.stringify({ ...redacted, toJSON: undefined, type, id, schema_version })
    }
  } catch (error) {
    problem = `redact threw a ${nameOf(error)}`
  }
  report('redact_failed', `${problem}; the content was removed`)
  // Read anew: a redactor may have changed the event before it failed.
  return JSON.stringify(withoutContent(JSON.parse(line)))
}
