import { type MasterSecret, subjectHmac } from '@flywheel/keys'
import { claimsOtherAuthor, decodeLine, FlywheelError, LIMITS, type LogLine } from '@flywheel/schema'
import type { DeadLetterHead } from '@flywheel/store'

/** A line as an operator wrote it anew, with what the log's header says of it. */
export interface MendedLine {
  text: string
  line: LogLine
}

/**
 * Takes the line that stands in for a dead letter's. It is checked like one that comes in today, at the time when the
 * letter was received; it keeps type, id and trust, so the event stays the one that was accepted.
 * @param given one JSON object, over one line or several
 * @throws FlywheelError `invalid_request`
 */
export function mendLine(master: MasterSecret, projectId: string, given: string, letter: DeadLetterHead): MendedLine {
  // JSON knows no line feed within a string, so those that stand there are white space.
  const text = given.trim().replaceAll(/[\r\n]+/g, ' ')
  if (Buffer.byteLength(text) > LIMITS.event_bytes) throw refusal('it has more than 8 MiB')
  const decoded = decodeLine(text, Date.parse(letter.received_at))
  if (!decoded.ok) throw refusal(`${decoded.code}: ${decoded.message}`)
  const { event } = decoded
  if (event.type !== letter.type || event.id !== letter.event_id) {
    throw refusal(`it must keep type ${letter.type} and id ${letter.event_id}`)
  }
  const trust = letter.trust === '' ? 'public' : letter.trust
  // The collector's rule. Whoever mends is an admin, but the event stays as well vouched for as it came.
  if (trust !== 'server' && event.type === 'feedback' && claimsOtherAuthor(event)) {
    throw refusal(
      `its author_kind is ${event.author_kind}, and trust ${trust} vouches for an end_user only; send the feedback anew with a secret key`,
    )
  }
  const line: LogLine = { type: event.type, id: event.id, trust }
  const name = (subject: 'user' | 'author' | 'session', value: string | undefined) => {
    if (value !== undefined && value !== '') line[subject] = subjectHmac(master, projectId, subject, value)
  }
  if (event.type === 'interaction') name('user', event.user_id)
  if (event.type === 'feedback') name('author', event.author_id)
  if (event.type === 'interaction' || event.type === 'feedback') name('session', event.session_id)
  if (event.type === 'consent' && event.subject_kind !== 'project') name(event.subject_kind, event.subject)
  return { text: decoded.rewritten ?? text, line }
}

function refusal(reason: string): FlywheelError {
  return new FlywheelError('invalid_request', `The mended line is refused: ${reason}`)
}
