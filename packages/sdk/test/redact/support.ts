import type { FlywheelEvent } from '@flywheel/schema/wire'
import { type RedactorOptions, redactors } from '../../src/redact/index.js'

const ID = '01975a3e-7c10-7000-8000-000000000001'

/** A comment's text after a redaction of its own, as `createFlywheel` would call it. */
export function redactText(text: string, options?: RedactorOptions): string {
  const event = { type: 'feedback', id: ID, schema_version: 1, kind: 'comment', reason_text: text } as FlywheelEvent
  return (redactors(options)(event) as { reason_text: string }).reason_text
}
