import { COLUMN_TYPES, type EventType, type FlywheelEvent } from '@flywheel/schema'

const fieldsOf = (type: EventType): ReadonlySet<string> =>
  new Set(['type', 'ticket', ...Object.keys(COLUMN_TYPES[type])])

const KNOWN: Readonly<Record<EventType, ReadonlySet<string>>> = {
  interaction: fieldsOf('interaction'),
  feedback: fieldsOf('feedback'),
  link: fieldsOf('link'),
  consent: fieldsOf('consent'),
}

/** How many fields of an event its table skips. */
export function unknownFieldsOf(event: FlywheelEvent): number {
  const known = KNOWN[event.type]
  let unknown = 0
  for (const field in event) if (!known.has(field)) unknown++
  return unknown
}
