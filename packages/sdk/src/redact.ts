import type { FlywheelEvent } from '@flywheel/schema/wire'
import type { Report } from './diagnostics.js'

/**
 * Changes an event before it is queued. Gets the event in the wire's shape and returns it, changed or not.
 * If it throws or returns anything else, the content is removed and the record kept.
 */
export type Redact = (event: FlywheelEvent) => FlywheelEvent

/** Every field that can hold what a person or a model wrote. */
const CONTENT = [
  'system',
  'messages',
  'tools',
  'parameters',
  'outputs',
  'prompt_variables',
  'provider_json',
  'error_message',
  'kept',
  'kept_json',
  'shown',
  'reason_text',
  'metadata',
  'tags',
]

function withoutContent(event: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(event).filter(([name]) => !CONTENT.includes(name)))
}

/** The redacted line. Fails closed. Identity (`type`, `id`) is not the host's to change: the counters rest on it. */
export function redactLine(line: string, redact: Redact, report: Report): string {
  const { type, id } = JSON.parse(line) as FlywheelEvent
  try {
    const redacted = redact(JSON.parse(line)) as unknown
    if (typeof redacted === 'object' && redacted !== null && !Array.isArray(redacted) && !('then' in redacted)) {
      return JSON.stringify({ ...redacted, type, id })
    }
    report('redact_failed', 'redact returned no event; the content was removed')
  } catch (error) {
    report('redact_failed', 'redact threw; the content was removed', error)
  }
  return JSON.stringify(withoutContent(JSON.parse(line)))
}
