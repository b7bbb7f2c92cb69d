import { type Detector, type Span, startsWord } from './detector.js'

/** A way to write numbers. Each pattern is bounded, so that a search is linear in the text. */
interface Form {
  /** A text without it has no such number: cheaper to ask than the pattern. */
  readonly needs: string
  readonly pattern: RegExp
  /** Least and most digits of what matched, or null for no number. */
  digits(match: string, text: string, start: number): readonly [number, number] | null
}

/** A word for the thing, or an invitation to use it, before the digits. */
const NOUN = /\b(?:tel|telephone|phone|fon|telefon|mobile?|mobil|handy|cell|fax|sms|whatsapp)\b[^\d\n]{0,24}$/i
const VERB = /\b(?:call|dial|ring|text)(?: (?:me|us|him|her|them|back|now))*(?: (?:at|on|under))?:? ?\(?$/i
const DATE = /^\(?(?:(?:19|20)\d{2}[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ](?:19|20)\d{2})(?!\d)/

/** The shortest number has seven digits, and nothing but these between them. */
const LONG_ENOUGH = /\d(?:[ ().\-/\u00a0]{0,3}\d){6}/

/** Of E.164. In North America both parts of the number begin with 2 to 9; elsewhere none begins with 0, save in Italy. */
function international(match: string): readonly [number, number] | null {
  const prefix = match.startsWith('+') ? 0 : 2
  const number = match.replace(/\D/g, '').slice(prefix)
  if (/0{5}/.test(number)) return null
  if (number.startsWith('1')) return /^1[2-9]\d{2}[2-9]\d{6}/.test(number) ? [prefix + 11, prefix + 11] : null
  if (/^(?:\+|00)(?!39)(?:7|[2-9]\d{1,2})[ .\-/]+0/.test(match)) return null
  return [prefix + 8, prefix + 15]
}

const FORMS: readonly Form[] = [
  { needs: '+', pattern: /\+[1-9](?:[ .\-/()\u00a0]{0,3}\d){6,14}/g, digits: international },
  // Without the plus sign a number needs its gap: it could be anything.
  {
    needs: '00',
    pattern: /(?<!\d)00[1-9]\d{0,2}[ ./()-]{1,2}(?:[ .\-/()\u00a0]{0,3}\d){6,12}/g,
    digits: international,
  },
  {
    needs: '',
    pattern: /(?:(?<!\d)1[ .-])?(?:\([2-9]\d{2}\) ?|(?<!\d)[2-9]\d{2}[.-])[2-9]\d{2}[ .-]\d{4}/g,
    digits: () => [10, 11],
  },
  { needs: '0', pattern: /(?<!\d)0[1-9]([ .-])\d{2}(?:\1\d{2}){3}/g, digits: () => [10, 10] },
  {
    needs: '0',
    pattern: /(?:\(0[1-9]\d{0,3}\) ?|(?<!\d)0[1-9]\d{1,3}[ /-])\d{3,8}(?:[ -]\d{2,8}){0,2}/g,
    digits: () => [9, 12],
  },
  {
    needs: '',
    pattern: /(?<!\d)\(?\d(?:[ ().\-/\u00a0]{0,2}\d){6,13}/g,
    digits(match, text, start) {
      const before = text.slice(Math.max(0, start - 40), start)
      if (DATE.test(match)) return null
      if (NOUN.test(before)) return [7, 12]
      return VERB.test(before) ? [/\D/.test(match) ? 7 : 10, 12] : null
    },
  },
]

/** No word, number, price or path runs into the number. */
function begins(text: string, start: number): boolean {
  const before = text[start - 1]
  if (before === undefined) return true
  if (!startsWord(text, start) || before === '+') return false
  if (text[start] === '+' || text[start] === '(') return true
  return before === ':' ? !/\d/.test(text[start - 2] ?? '') : !'.,-/$€£#'.includes(before)
}

/** Nor out of it. */
function ends(text: string, end: number): boolean {
  const after = text[end] ?? ' '
  return !/[\w%€$£]/.test(after) && !(/[-/.,:]/.test(after) && /\d/.test(text[end + 1] ?? ''))
}

/** The longest part of a match, in whole groups of digits, that is a number; what follows may be a date or another one. */
function longest(text: string, match: string, start: number, least: number, most: number): Span | null {
  let number = ''
  let best: Span | null = null
  for (const { 0: group, index } of match.matchAll(/\d+/g)) {
    const isNext =
      group.startsWith('0') && number.length >= (match.startsWith('+') ? 11 : 9) && /\s/.test(match[index - 1] ?? '')
    if (isNext || number.length + group.length > most) break
    number += group
    const end = start + index + group.length
    if (number.length >= least && ends(text, end)) best = { start, end, value: number.replace(/^00/, '') }
  }
  return best
}

/**
 * Telephone numbers, conservative: E.164 with its plus sign, the common national forms with their separators, and any
 * other behind a word such as `phone`. Dates, prices, order numbers and hashes are left alone.
 */
export const phone: Detector = {
  name: 'PHONE',
  find(text) {
    const spans: Span[] = []
    if (!LONG_ENOUGH.test(text)) return spans
    for (const { needs, pattern, digits } of FORMS) {
      if (!text.includes(needs)) continue
      pattern.lastIndex = 0
      for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
        const range = begins(text, match.index) ? digits(match[0], text, match.index) : null
        const span = range && longest(text, match[0], match.index, range[0], range[1])
        if (span) spans.push(span)
        pattern.lastIndex = span ? span.end : match.index + 1
      }
    }
    return spans
  },
}
