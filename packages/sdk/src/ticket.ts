import {
  type FeedbackKind,
  type TargetKind,
  TICKET_KEY_LABEL,
  TICKET_PREFIX,
  type TicketClaims,
} from '@flywheel/schema/wire'
import type { Runtime } from './runtime.js'
import { type Target, targetOf } from './target.js'

const DEFAULT_TTL_S = 30 * 24 * 3600

/** What a ticket allows, whom, and for how long. */
export interface TicketOptions {
  /** Seconds until it expires. @default 30 days */
  ttl?: number | undefined
  /** Feedback kinds it allows. @default all */
  kinds?: readonly FeedbackKind[] | undefined
  /** Opaque id of the person who may use it. @default the turn's or the context's user */
  author?: string | undefined
  session?: string | undefined
  /** Which output. @default 0 */
  choice?: number | undefined
}

/** Signs a capability to give feedback on one answer. */
export type SignTicket = (target: Target, options?: TicketOptions) => string

const utf8 = new TextEncoder()

/** HKDF-SHA256 (RFC 5869) for 32 bytes and no salt: one block of extract, one of expand. */
export function deriveTicketKey(secretKey: string, hmac: Runtime['hmacSha256']): Uint8Array {
  const pseudoRandomKey = hmac(new Uint8Array(32), utf8.encode(secretKey))
  return hmac(pseudoRandomKey, utf8.encode(`${TICKET_KEY_LABEL}\u0001`))
}

/** The id in `fw_sk_<id>_<secret>`, or null for a key that cannot sign. */
function keyId(apiKey: string): string | null {
  return /^fw_sk_([0-9A-Za-z]{12})_/.exec(apiKey)?.[1] ?? null
}

/** `fwt1.<base64url JSON>.<base64url HMAC-SHA256>`, the HMAC over all before it. */
export function signClaims(key: Uint8Array, claims: TicketClaims, runtime: Runtime): string {
  const signed = `${TICKET_PREFIX}.${runtime.encodeBase64Url(utf8.encode(JSON.stringify(claims)))}`
  return `${signed}.${runtime.encodeBase64Url(runtime.hmacSha256(key, utf8.encode(signed)))}`
}

/** A signer for a secret key; the key is derived at the first ticket. Offline and synchronous. Null for any other key. */
export function createSigner(apiKey: string, runtime: Runtime, now: () => number): SignTicket | null {
  const id = keyId(apiKey)
  if (id === null) return null
  let key: Uint8Array | undefined
  return (target, options = {}) => {
    const resolved = targetOf(target)
    if (!resolved || !('target' in resolved)) return ''
    key ??= deriveTicketKey(apiKey, runtime.hmacSha256)
    // The order of the claims and the absence of empty ones are part of the format.
    const claims: TicketClaims = {
      k: id,
      t: resolved.target_kind,
      i: resolved.target,
      c: options.choice ?? 0,
      a: [...(options.kinds ?? [])],
      ...(options.author && { u: options.author }),
      e: Math.floor(now() / 1000) + (options.ttl ?? DEFAULT_TTL_S),
      ...(options.session && { s: options.session }),
    }
    return signClaims(key, claims, runtime)
  }
}

/**
 * Reads what a ticket of this key is about, null for a forged one, an expired one and another key's: a ticket that a
 * browser sends back must not name an answer that its holder was never given, or no longer has.
 */
export function createTicketReader(
  apiKey: string,
  runtime: Runtime,
  now: () => number,
): (ticket: string) => { target_kind: TargetKind; target: string } | null {
  return (ticket) => {
    const [, payload, signature] = ticket.split('.')
    const signed = ticket.slice(0, ticket.lastIndexOf('.'))
    if (!keyId(apiKey) || !payload || !signature) return null
    const key = deriveTicketKey(apiKey, runtime.hmacSha256)
    if (runtime.encodeBase64Url(runtime.hmacSha256(key, utf8.encode(signed))) !== signature) return null
    const bytes = runtime.decodeBase64(payload.replaceAll('-', '+').replaceAll('_', '/'))
    const { t, i, e } = JSON.parse(new TextDecoder().decode(bytes)) as TicketClaims
    return e * 1000 > now() ? { target_kind: t, target: i } : null
  }
}
