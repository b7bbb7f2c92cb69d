import { type Detector, endsWord, type Span, startsWord } from './detector.js'

/** Length by country, from SWIFT's IBAN registry. */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 ' +
    'LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 ' +
    'PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

/** ISO 7064 mod 97-10 over the rearranged number, as ISO 13616 asks. `iban` is compact and in upper case. */
export function isIban(iban: string): boolean {
  if (LENGTHS.get(iban.slice(0, 2)) !== iban.length) return false
  let rest = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97
  }
  return rest === 1
}

/** The country's number of letters and digits from `start`, with single separators between; null if it ends before. */
function read(text: string, start: number, length: number): Span | null {
  let value = ''
  let at = start
  for (; value.length < length; at++) {
    const character = text[at]
    if (character === undefined) return null
    if (/[A-Za-z0-9]/.test(character)) value += character
    else if (!/[ \u00a0-]/.test(character) || !/[A-Za-z0-9]/.test(text[at - 1] as string)) return null
  }
  return endsWord(text, at) ? { start, end: at, value: value.toUpperCase() } : null
}

/** International bank account numbers: a country's length and valid check digits, plain or in groups. */
export const iban: Detector = {
  name: 'IBAN',
  find(text) {
    const spans: Span[] = []
    for (const { index } of text.matchAll(/[A-Za-z]{2}\d{2}(?=[ \u00a0-]?[A-Za-z0-9])/g)) {
      const last = spans.at(-1)
      const length = LENGTHS.get(text.slice(index, index + 2).toUpperCase())
      if (!length || (last && index < last.end) || !startsWord(text, index)) continue
      const span = read(text, index, length)
      if (span && isIban(span.value)) spans.push(span)
    }
    return spans
  },
}
