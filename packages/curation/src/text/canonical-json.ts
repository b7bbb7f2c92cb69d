import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'

/** RFC 8785 text of a JSON value. Throws on a lone surrogate, NaN and Infinity: none of them has a canonical form. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value)
  if (text === undefined) throw new TypeError('the value has no JSON form')
  return text
}

/** SHA-256 as 64 lower-case hex characters; strings are taken as UTF-8. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex')
}

/** Orders strings by UTF-16 code unit. `localeCompare` would order by the machine's locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
