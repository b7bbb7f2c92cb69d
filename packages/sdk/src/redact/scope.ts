import type { Numbering } from '@flywheel/redaction'
import type { FlywheelEvent } from '@flywheel/schema/wire'

/** Turns whose numbering is remembered. The values are in this process's memory alone, and never in a row. */
const REMEMBERED = 1000

/** Remembers the numbering of turns, so that a correction calls a person what the answer calls them. */
export interface Scopes {
  find(event: FlywheelEvent): Numbering | undefined
  keep(event: FlywheelEvent, numbering: Numbering): void
}

/** What a ticket is about; it was signed here or is checked by the collector, so it need not be checked again. */
function ticketTarget(ticket: string): string[] {
  try {
    const claims = ticket.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? ''
    return [String((JSON.parse(atob(claims)) as { i?: unknown }).i)]
  } catch {
    return []
  }
}

/** Under which names an event's turn is known: the answers it is about, or its own ids. */
function names(event: FlywheelEvent): string[] {
  if (event.type === 'interaction') {
    return [event.turn_id, event.id, event.provider_response_id].filter((name) => name !== undefined)
  }
  if (event.type !== 'feedback') return []
  const about = event.target !== undefined ? [event.target] : event.ticket ? ticketTarget(event.ticket) : []
  return [...about, ...(event.candidates ?? []).map(({ id }) => id)]
}

/** The newest 1,000 names of turns in which something was found. */
export function createScopes(): Scopes {
  const known = new Map<string, Numbering>()
  return {
    find: (event) =>
      names(event)
        .map((name) => known.get(name))
        .find((numbering) => numbering !== undefined),
    keep(event, numbering) {
      for (const name of names(event)) {
        known.delete(name)
        known.set(name, numbering)
        const oldest = known.size > REMEMBERED ? known.keys().next().value : undefined
        if (oldest !== undefined) known.delete(oldest)
      }
    },
  }
}
