import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import {
  FEEDBACK_KINDS,
  FlywheelError,
  TARGET_KINDS,
  TICKET_KEY_LABEL,
  TICKET_PREFIX,
  type TicketClaims,
} from '@flywheel/schema'

const MAX_TICKET_CHARACTERS = 4096
const BASE64URL = /^[A-Za-z0-9_-]+$/

/** The key that signs tickets: HKDF-SHA256 of the whole secret key, no salt, info `flywheel-ticket-v1`, 32 bytes. */
export function deriveTicketKey(key: string): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(key, 'utf8'), '', TICKET_KEY_LABEL, 32))
}

/** Claims in the order k, t, i, c, a, u, e, s, absent ones left out. */
function encodeClaims(claims: TicketClaims): string {
  const { k, t, i, c, a, u, e, s } = claims
  return Buffer.from(JSON.stringify({ k, t, i, c, a, u, e, s }), 'utf8').toString('base64url')
}

/** HMAC-SHA256 over `fwt1.<base64url JSON>`: the version is signed too. */
function mac(ticketKey: Uint8Array, signed: string): Buffer {
  return createHmac('sha256', ticketKey).update(signed, 'ascii').digest()
}

/** A capability to give feedback on one answer: `fwt1.<base64url JSON>.<base64url HMAC-SHA256>`. */
export function signTicket(ticketKey: Uint8Array, claims: TicketClaims): string {
  const signed = `${TICKET_PREFIX}.${encodeClaims(claims)}`
  return `${signed}.${mac(ticketKey, signed).toString('base64url')}`
}

function isClaims(value: unknown): value is TicketClaims {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { k, t, i, c, a, u, e, s } = value as Record<string, unknown>
  // The claims are written into the line after it was checked, so what a line may not hold is refused here.
  const isText = (text: unknown): boolean => typeof text === 'string' && !/[\0\p{Cs}]/u.test(text)
  const isOptionalText = (text: unknown) => text === undefined || (isText(text) && text !== '')
  return (
    typeof k === 'string' &&
    (TARGET_KINDS as readonly unknown[]).includes(t) &&
    isText(i) &&
    i !== '' &&
    Number.isInteger(c) &&
    (c as number) >= 0 &&
    (c as number) <= 0xffff &&
    Array.isArray(a) &&
    a.every((kind) => (FEEDBACK_KINDS as readonly unknown[]).includes(kind)) &&
    isOptionalText(u) &&
    Number.isSafeInteger(e) &&
    isOptionalText(s)
  )
}

function malformed(problem: string): FlywheelError {
  return new FlywheelError(
    'ticket_malformed',
    `The ticket ${problem}; ask the server that made the answer for a new one`,
  )
}

/** The claims as written, nothing verified: tells a request's project before its keys are looked at. */
export function readTicketClaims(text: string): TicketClaims {
  const pieces = text.length <= MAX_TICKET_CHARACTERS ? text.split('.') : []
  const [prefix, payload, signature] = pieces
  if (
    pieces.length !== 3 ||
    prefix !== TICKET_PREFIX ||
    !BASE64URL.test(payload ?? '') ||
    !BASE64URL.test(signature ?? '')
  )
    throw malformed(`is not of the form ${TICKET_PREFIX}.<claims>.<signature>`)
  let claims: unknown
  try {
    claims = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(payload as string, 'base64url')))
  } catch {
    throw malformed('holds no JSON')
  }
  if (!isClaims(claims)) throw malformed('lacks a claim or has one of another type')
  return claims
}

/**
 * Verifies a ticket and returns its claims.
 * @param ticketKeyOf the ticket key of a key id; null where there is none, `revoked` where it verifies no longer
 * @param now Unix milliseconds
 * @throws FlywheelError `ticket_malformed`, `ticket_revoked`, `ticket_forged` or `ticket_expired`
 */
export function verifyTicket(
  ticketKeyOf: (keyId: string) => Buffer | null | 'revoked',
  text: string,
  now: number,
): TicketClaims {
  const claims = readTicketClaims(text)
  const ticketKey = ticketKeyOf(claims.k)
  if (ticketKey === 'revoked')
    throw new FlywheelError('ticket_revoked', 'The key that signed the ticket was revoked; ask for a new ticket')
  const end = text.lastIndexOf('.')
  // The texts are compared, not the bytes: base64url leaves two bits free, and one ticket has one spelling.
  const given = Buffer.from(text.slice(end + 1), 'ascii')
  const expected = ticketKey === null ? null : Buffer.from(mac(ticketKey, text.slice(0, end)).toString('base64url'))
  if (expected === null || given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new FlywheelError('ticket_forged', 'The ticket was not signed by a key of this server; ask for a new one')
  if (claims.e * 1000 <= now)
    throw new FlywheelError(
      'ticket_expired',
      `The ticket expired at ${expiry(claims.e)} and the server's time is ${new Date(now).toISOString()}; ask for a new one`,
    )
  return claims
}

function expiry(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString()
}
