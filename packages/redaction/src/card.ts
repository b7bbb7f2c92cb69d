import { type Detector, endsWord, type Span, startsWord } from './detector.js'

/** Issuers by their first digits and the lengths of their numbers (ISO/IEC 7812 ranges as the networks publish them). */
const ISSUERS: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]], // Visa
  [/^(?:5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720))/, [16]], // Mastercard
  [/^3[47]/, [15]], // American Express
  [/^(?:6011|64[4-9]|65)/, [16, 17, 18, 19]], // Discover
  [/^(?:30[0-59]|36|3[89])/, [14, 16]], // Diners Club
  [/^35(?:2[89]|[3-8])/, [16, 17, 18, 19]], // JCB
  [/^(?:62|81)/, [16, 17, 18, 19]], // UnionPay
  [/^(?:5018|5020|5038|5893|6304|6759|676[1-3])/, [12, 13, 14, 15, 16, 17, 18, 19]], // Maestro
  [/^220[0-4]/, [16, 17, 18, 19]], // Mir
  [/^(?:60|82|508)/, [16]], // RuPay
]
const MIN = 12
const MAX = 19
/** Without this many digits in a row there is no card, and nothing more is looked at. */
const LONG_ENOUGH = /\d(?:[ \u00a0-]?\d){11}/
/** How numbers are grouped in print; one group stands for no separators. */
const GROUPED = /^(?:\d+|4,4,4,[1-4]|4,4,4,4,[1-3]|4,6,[45])$/

/** The check of ISO/IEC 7812-1, annex B. */
export function isLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    let digit = digits.charCodeAt(digits.length - 1 - index) - 48
    if (index % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2
    sum += digit
  }
  return sum % 10 === 0
}

/** True for a number that some issuer could have given out. */
export function isCard(digits: string): boolean {
  return isLuhn(digits) && ISSUERS.some(([prefix, lengths]) => lengths.includes(digits.length) && prefix.test(digits))
}

interface Group {
  readonly start: number
  readonly end: number
}

/** Looks for cards among groups of digits with one and the same separator between them. */
function inRun(text: string, run: readonly Group[], spans: Span[]): void {
  for (let first = 0; first < run.length; first++) {
    const { start } = run[first] as Group
    let digits = ''
    let lengths = ''
    let best: Span | undefined
    let next = first
    for (let at = first; at < run.length && digits.length <= MAX; at++) {
      const group = run[at] as Group
      if (digits.length + group.end - group.start > MAX) break
      digits += text.slice(group.start, group.end)
      lengths += `${lengths && ','}${group.end - group.start}`
      if (digits.length < MIN || !GROUPED.test(lengths)) continue
      if (!startsWord(text, start) || !endsWord(text, group.end) || !isCard(digits)) continue
      best = { start, end: group.end, value: digits }
      next = at
    }
    if (best) spans.push(best)
    first = next
  }
}

const isSeparator = (character: string | undefined) => character === ' ' || character === '-' || character === '\u00a0'

/** Payment card numbers: an issuer's range and length, a valid check digit, plain or grouped as in print. */
export const card: Detector = {
  name: 'CARD',
  find(text) {
    const spans: Span[] = []
    if (!LONG_ENOUGH.test(text)) return spans
    let run: Group[] = []
    for (const { 0: digits, index } of text.matchAll(/\d+/g)) {
      const last = run.at(-1)
      const joint = text[index - 1]
      const isSame = run.length < 2 || text[(run[1] as Group).start - 1] === joint
      if (last && !(last.end === index - 1 && isSeparator(joint) && isSame)) {
        inRun(text, run, spans)
        // The group before another separator can still begin a number with the ones that follow.
        run = last.end === index - 1 && isSeparator(joint) ? [last] : []
      }
      run.push({ start: index, end: index + digits.length })
    }
    inRun(text, run, spans)
    return spans
  },
}
