import type { KeyDirectory } from '@flywheel/control'
import {
  claimsOtherAuthor,
  decodeLine,
  type ErrorCode,
  FlywheelError,
  type FlywheelEvent,
  isFlywheelError,
  type Trust,
} from '@flywheel/schema'
import type { Access } from './access.js'
import { applyTicket } from './ticket-line.js'

/** A line that goes into the log. */
export interface AdmittedLine {
  ok: true
  project_id: string
  key_id: string
  trust: Trust
  event: FlywheelEvent
  /** The line's text where it differs from what came. */
  rewritten: string | undefined
}

/** A line that is answered as rejected. */
export interface RefusedLine {
  ok: false
  id: string | null
  code: ErrorCode
  message: string
}

/**
 * Decodes one line and decides who vouches for it.
 * @param access null where the request came without a key
 * @param now Unix milliseconds
 * @throws FlywheelError `unauthorized` for a line that neither a key nor a ticket vouches for: it takes the whole request
 */
export function admitLine(
  text: string,
  access: Access | null,
  keys: KeyDirectory,
  now: number,
): AdmittedLine | RefusedLine {
  const decoded = decodeLine(text, now)
  if (!decoded.ok) return decoded
  const { event, rewritten } = decoded
  if (event.type === 'feedback' && event.ticket !== undefined) {
    if (claimsOtherAuthor(event))
      return refuse(event, 'not_allowed', 'A ticket vouches for an end_user only; send others with a secret key')
    try {
      const ticketed = applyTicket(event, rewritten ?? text, keys, now)
      return { ok: true, trust: 'ticket', rewritten: ticketed.text, ...ticketed }
    } catch (error) {
      if (isFlywheelError(error)) return refuse(event, error.code, error.message)
      throw error
    }
  }
  if (access === null) throw noKey()
  const { trust, types, project_id, key_id } = access
  if (!types.has(event.type))
    return refuse(
      event,
      'not_allowed',
      `The key ${key_id} may send feedback only, not ${event.type}; use a key with ingest:write`,
    )
  if (trust === 'public' && event.type === 'feedback' && claimsOtherAuthor(event))
    return refuse(event, 'not_allowed', 'A public key vouches for an end_user only; send others with a secret key')
  return { ok: true, project_id, key_id, trust, event, rewritten }
}

function refuse({ id }: FlywheelEvent, code: ErrorCode, message: string): RefusedLine {
  return { ok: false, id, code, message }
}

/** Said of a request that needs a key and has none. */
export function noKey(): FlywheelError {
  return new FlywheelError(
    'unauthorized',
    'The request has no key, and only feedback with a ticket needs none; send Authorization: Bearer fw_sk_…',
  )
}
