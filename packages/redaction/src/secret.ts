import { type Detector, type Span, startsWord } from './detector.js'

/**
 * Known prefixes of keys and tokens and what follows them. A `loose` prefix is also a piece of ordinary words
 * (`sk-learn`): there the rest has to look drawn at random.
 */
const PREFIXES: readonly (readonly [RegExp, 'exact' | 'loose'])[] = [
  [/sk-ant-[\w-]{20,400}/y, 'exact'],
  [/sk-(?:proj-|svcacct-|admin-|or-v1-)?[\w-]{20,400}/y, 'loose'],
  [/[sr]k_(?:live|test)_\w{16,400}/y, 'exact'],
  [/whsec_[\w+/=]{20,400}/y, 'exact'],
  [/fw_sk_[0-9A-Za-z]{12}_\w{16,400}/y, 'exact'],
  [/(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?!\w)/y, 'exact'],
  [/gh[pousr]_[0-9A-Za-z]{36,400}/y, 'exact'],
  [/github_pat_\w{40,400}/y, 'exact'],
  [/glpat-[\w-]{20,400}/y, 'exact'],
  [/npm_[0-9A-Za-z]{36}/y, 'exact'],
  [/pypi-AgEI[\w-]{40,400}/y, 'exact'],
  [/xox[abeoprs]-[\w-]{20,400}/y, 'exact'],
  [/xapp-\d-[\w-]{20,400}/y, 'exact'],
  [/AIza[\w-]{35}/y, 'exact'],
  [/ya29\.[\w-]{20,400}/y, 'exact'],
  [/GOCSPX-[\w-]{20,400}/y, 'exact'],
  [/(?:hf|gsk|r8|dckr_pat|sbp|shpat|shpss|dop_v1|lin_api|tvly|pplx|nvapi|xai|fc|jina)[_-][\w-]{24,400}/y, 'loose'],
  [/SG\.[\w-]{16,400}\.[\w-]{16,400}/y, 'exact'],
  [/AGE-SECRET-KEY-1[0-9A-Z]{50,400}/y, 'exact'],
  [/[Bb]earer [\w.~+/-]{24,400}=*/y, 'loose'],
]
/** Where one of them may begin: one search for all. */
const START =
  /sk[-_]|rk_(?:live|test)_|whsec_|fw_sk_|A(?:KIA|SIA|BIA|CCA|Iza|GE-S)|gh[pousr]_|github_pat_|glpat-|npm_|pypi-|xox[abeoprs]-|xapp-|ya29\.|GOCSPX-|(?:hf|gsk|r8|dckr_pat|sbp|shpat|shpss|dop_v1|lin_api|tvly|pplx|nvapi|xai|fc|jina)[_-]|SG\.|[Bb]earer |eyJ|-----BEGIN |:\/\//g

/** What is longer than the bounds above, which keep the search linear. */
const REST = /[\w-]*/y
const JWT = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/y
/** User and password of a URL. */
const USERINFO = /:\/\/[^\s:/?#@"'<>\\]{1,256}:[^\s/?#@"'<>\\]{1,256}@/y
const PEM_BEGIN = /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/y
const PEM_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/
const PEM_BODY = /[\w+/=\s:,.\\-]*/y

/** Bits a character by Shannon. */
export function entropy(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

const kind = (code: number) => (code < 58 ? 0 : code < 91 ? 1 : 2)

/** True for characters that were drawn, not written: digits among letters, and often another kind than the one before. */
export function looksRandom(body: string): boolean {
  // The first few hundred are enough to tell, and keep the check linear.
  const characters = body.slice(0, 400).replace(/[^0-9A-Za-z]/g, '')
  let digits = 0
  let changes = 0
  for (let index = 0; index < characters.length; index++) {
    const code = characters.charCodeAt(index)
    if (code < 58) digits++
    if (index > 0 && kind(code) !== kind(characters.charCodeAt(index - 1))) changes++
  }
  return (
    characters.length >= 14 &&
    digits >= 2 &&
    digits < characters.length &&
    changes * 6 >= characters.length &&
    entropy(characters) >= 3
  )
}

/** A JSON Web Token's first part names its algorithm. */
function isJwt(token: string): boolean {
  try {
    const header = token.slice(0, token.indexOf('.')).replaceAll('-', '+').replaceAll('_', '/')
    return /"alg"\s*:/.test(atob(header))
  } catch {
    return false
  }
}

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? null
}

/** The end of a private key in PEM; one that was cut off ends where no letter of a key can follow. */
function pemEnd(text: string, bodyStart: number): number {
  const body = match(PEM_BODY, text, bodyStart) ?? ''
  const end = PEM_END.exec(body)
  return bodyStart + (end ? end.index + end[0].length : body.length)
}

function at(text: string, index: number): Span | null {
  const span = (value: string, start = index): Span => ({ start, end: start + value.length, value })
  if (text.startsWith('://', index)) {
    const userinfo = match(USERINFO, text, index)
    return userinfo === null ? null : span(userinfo.slice(3, -1), index + 3)
  }
  if (text.startsWith('-----BEGIN', index)) {
    const begin = match(PEM_BEGIN, text, index)
    return begin === null ? null : span(text.slice(index, pemEnd(text, index + begin.length)))
  }
  if (!startsWord(text, index) || text[index - 1] === '-') return null
  if (text.startsWith('eyJ', index)) {
    const token = match(JWT, text, index)
    return token && isJwt(token) ? span(token) : null
  }
  for (const [pattern, strictness] of PREFIXES) {
    const found = match(pattern, text, index)
    if (!found) continue
    const body = found.replace(/^[A-Za-z0-9]+[-_. ]/, '')
    // `glpat-your-token-goes-here` is prose.
    if (strictness === 'exact' ? /\d/.test(body) && entropy(found) >= 3 : looksRandom(body)) {
      return span(found + (match(REST, text, index + found.length) ?? ''))
    }
  }
  return null
}

/** API keys and tokens by their known prefixes, JSON Web Tokens, private keys in PEM, passwords in URLs. */
export const secret: Detector = {
  name: 'SECRET',
  find(text) {
    const spans: Span[] = []
    START.lastIndex = 0
    for (let start = START.exec(text); start; start = START.exec(text)) {
      const span = at(text, start.index)
      if (!span) continue
      spans.push(span)
      START.lastIndex = span.end
    }
    return spans
  },
}
