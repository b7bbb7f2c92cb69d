import type { Detector, Span } from './detector.js'

const MAX_LOCAL = 64
const MAX_DOMAIN = 255

/** Letters of the scripts that put spaces between words; in others an address would swallow the words around it. */
function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 0xc0 && code <= 0x52f && code !== 0xd7)
}

const isDigit = (code: number) => code >= 48 && code <= 57
const isLocal = (code: number) =>
  isLetter(code) || isDigit(code) || ".!#$%&'*+-/=?^_`{|}~".includes(String.fromCharCode(code))
const isDomain = (code: number) => isLetter(code) || isDigit(code) || code === 45 || code === 46

/** Where the part before the sign starts, or -1. */
function localStart(text: string, at: number): number {
  let start = at
  while (start > 0 && at - start <= MAX_LOCAL && isLocal(text.charCodeAt(start - 1))) start--
  if (at - start > MAX_LOCAL) return -1
  // In a text that holds JSON, the letter after a backslash belongs to the escape.
  if (text[start - 1] === '\\') start += text[start] === 'u' ? 5 : 1
  // `to=a@b.example`, `'a@b.example'`: the address begins behind what no mailbox is called.
  const whole = start
  for (let index = at - 1; index >= start; index--) {
    if ("/=?'`{|}&!$*#^~".includes(text[index] as string)) {
      start = index + 1
      break
    }
  }
  while (start < at && '.-+%'.includes(text[start] as string)) start++
  if (start === at) start = whole
  return start < at ? start : -1
}

/** Where the domain ends, or -1 if what follows is none. */
function domainEnd(text: string, start: number): number {
  let end = start
  while (end < text.length && end - start < MAX_DOMAIN && isDomain(text.charCodeAt(end))) end++
  while (end > start && '.-'.includes(text[end - 1] as string)) end--
  const whole = text.slice(start, end)
  const label = whole.lastIndexOf('.') + 1
  // `a@b.example-and`: the last label is letters, or Punycode.
  const top = /^(?:xn--[\w-]+|[^\d-]+)/.exec(whole.slice(label))?.[0] ?? ''
  const domain = whole.slice(0, label) + top
  if (label < 2 || top.length < 2 || /^[-.]|\.\./.test(domain) || isFile(domain)) return -1
  return start + domain.length
}

/** `icon@2x.png` and `react@18.2.0-rc.next` are no addresses. */
function isFile(domain: string): boolean {
  return (
    /^\d+(?:\.\d+)?x\.(?:png|jpe?g|gif|webp|avif|svg|bmp|ico|tiff?|heic|pdf)$/i.test(domain) ||
    /^\d+\.\d+\.\d/.test(domain)
  )
}

/** E-mail addresses, also with the sign as `%40` in a URL. Found by the sign, so that a text without it costs nothing. */
export const email: Detector = {
  name: 'EMAIL',
  find(text) {
    const spans: Span[] = []
    for (const sign of ['@', '%40']) {
      for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) {
        const start = localStart(text, at)
        if (start < 0) continue
        const end = domainEnd(text, at + sign.length)
        const local = text.slice(start, at)
        // `git@host:path` names a repository for everybody.
        if (end < 0 || local === 'git') continue
        spans.push({ start, end, value: `${local}@${text.slice(at + sign.length, end)}`.toLowerCase() })
      }
    }
    return spans
  },
}
