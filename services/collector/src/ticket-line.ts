import type { KeyDirectory } from '@flywheel/control'
import { verifyTicket } from '@flywheel/keys'
import { type FeedbackEvent, FlywheelError, isUuid, type TicketClaims } from '@flywheel/schema'
import { replaceMembers } from './replace-members.js'

/** What a verified ticket makes of a feedback line. */
export interface TicketedLine {
  project_id: string
  key_id: string
  event: FeedbackEvent
  /** The line with target and author in place of the ticket. */
  text: string
}

const REPLACED: ReadonlySet<string> = new Set(['ticket', 'target_kind', 'target', 'choice', 'author_id'])
const REPLACED_WITH_SESSION: ReadonlySet<string> = new Set([...REPLACED, 'session_id'])

/**
 * Verifies the ticket of a feedback line and writes what it says in its place. An author that the ticket does not
 * name is removed, since nobody vouches for it; a session that it does not name stays as the client sent it.
 * @param now Unix milliseconds
 * @throws FlywheelError `ticket_*` or `not_allowed`
 */
export function applyTicket(event: FeedbackEvent, text: string, keys: KeyDirectory, now: number): TicketedLine {
  const claims = verifyTicket((id) => keys.ticketKey(id, now), event.ticket as string, now)
  assertCovers(claims, event)
  const written: Partial<FeedbackEvent> = { target_kind: claims.t, target: claims.i, choice: claims.c }
  if (claims.u !== undefined) written.author_id = claims.u
  if (claims.s !== undefined) written.session_id = claims.s
  const { ticket: _ticket, author_id: _author, ...rest } = event
  return {
    // The directory had the key a moment ago, in the same tick.
    project_id: keys.lookup(claims.k)?.project_id as string,
    key_id: claims.k,
    event: { ...rest, ...written },
    text: replaceMembers(text, claims.s === undefined ? REPLACED : REPLACED_WITH_SESSION, written),
  }
}

function assertCovers(claims: TicketClaims, event: FeedbackEvent): void {
  if ((claims.t === 'interaction' || claims.t === 'turn') && !isUuid(claims.i))
    throw new FlywheelError('ticket_malformed', `The ticket's target is no UUID, which target kind ${claims.t} needs`)
  const isSameTarget =
    (event.target_kind ?? claims.t) === claims.t &&
    (event.target ?? claims.i) === claims.i &&
    (event.choice ?? claims.c) === claims.c
  if (!isSameTarget)
    throw new FlywheelError(
      'ticket_wrong_target',
      'The ticket is for another answer than the line; leave the target out',
    )
  if (claims.a.length > 0 && !claims.a.includes(event.kind))
    throw new FlywheelError(
      'ticket_wrong_kind',
      `The ticket allows ${claims.a.join(', ')} and the line is a ${event.kind}; ask for a ticket of this kind`,
    )
}
