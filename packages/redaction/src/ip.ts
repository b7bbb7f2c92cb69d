import { type Detector, endsWord, type Span, startsWord } from './detector.js'

const V4 = /(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?!\.?\d)/g
/** Groups and colons; what they make up is checked after. */
const V6 = /(?<![\w:.])(?=[\da-f]{0,4}:)[\da-f:]{2,39}(?:\.\d{1,3}){0,3}(?![\w:])/gi

/** RFC 4291: eight groups, or fewer with one `::`; the last two may be an IPv4 address. */
export function isIpv6(text: string): boolean {
  const halves = text.replace(/\d{1,3}(?:\.\d{1,3}){3}$/, '0:0').split('::')
  if (halves.length > 2 || text.length < 4) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return false
  return halves.length === 2 ? groups.length < 8 && groups.some((group) => /\d/.test(group)) : groups.length === 8
}

/** IPv4 and IPv6 addresses. A version with four numbers looks like one, so this is off unless asked for. */
export const ip: Detector = {
  name: 'IP',
  find(text) {
    const spans: Span[] = []
    for (const { 0: value, index } of text.matchAll(V4)) {
      const end = index + value.length
      if (startsWord(text, index) && endsWord(text, end)) spans.push({ start: index, end, value })
    }
    for (const { 0: value, index } of text.matchAll(V6)) {
      if (isIpv6(value)) spans.push({ start: index, end: index + value.length, value: value.toLowerCase() })
    }
    return spans
  },
}
