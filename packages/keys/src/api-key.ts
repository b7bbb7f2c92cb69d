import { createHmac, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { API_KEY_KINDS } from '@flywheel/schema'
import { randomBase62, toBase62 } from './base62.js'
import type { MasterSecret } from './master-secret.js'

/** `sk` for servers, `pk` for browsers. */
export type ApiKeyKind = (typeof API_KEY_KINDS)[number]

const ID_LENGTH = 12
const SECRET_LENGTH = 32
const CHECKSUM_LENGTH = 6
const SHAPE = /^fw_(sk|pk)_([0-9A-Za-z]{12})_[0-9A-Za-z]{38}$/

const checksum = (text: string): string => toBase62(crc32(text), CHECKSUM_LENGTH)

/** A new key `fw_sk_<id>_<secret><checksum>`. Only the id may be logged; the key is shown once. */
export function generateApiKey(options: { kind: ApiKeyKind }): { id: string; key: string } {
  const id = randomBase62(ID_LENGTH)
  const body = `fw_${options.kind}_${id}_${randomBase62(SECRET_LENGTH)}`
  return { id, key: body + checksum(body) }
}

/** Kind and id of a well-formed key, or null: a typo is told from a revoked key without asking the store. */
export function parseApiKey(text: string): { kind: ApiKeyKind; id: string } | null {
  const match = SHAPE.exec(text)
  if (match === null) return null
  if (checksum(text.slice(0, -CHECKSUM_LENGTH)) !== text.slice(-CHECKSUM_LENGTH)) return null
  return { kind: match[1] as ApiKeyKind, id: match[2] as string }
}

/** What is stored of a key: HMAC-SHA-256 of the whole key under the pepper, in hex. */
export function hashApiKey(master: MasterSecret, key: string): string {
  return createHmac('sha256', master.pepper).update(key, 'utf8').digest('hex')
}

/** Compares in constant time; a stored hash of another length is false. */
export function verifyApiKey(master: MasterSecret, key: string, hash: string): boolean {
  const expected = Buffer.from(hash, 'hex')
  const actual = createHmac('sha256', master.pepper).update(key, 'utf8').digest()
  return expected.length === actual.length && timingSafeEqual(actual, expected)
}
