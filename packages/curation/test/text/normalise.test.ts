import fc from 'fast-check'
import { expect, it } from 'vitest'
import { comparable, isUnstorable, normaliseText } from '../../src/text/normalise.js'

/** Texts of what the fast ways look out for, among anything else. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(' ', '  ', '\t', '\r', '\n', '\r\n', '```', '~~~~', 'a', 'e\u0301', '\u0301', '\u00a0', '\u2028'),
      fc.constantFrom(
        '\u2018',
        '\u201e',
        '\u2011',
        '\u2026',
        '\u2212',
        '\u2033',
        '\ud800',
        '\udc00',
        '\u0000',
        '\ufeff',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 24 },
  )
  .map((pieces) => pieces.join(''))

const same = (slow: (text: string) => unknown, fast: (text: string) => unknown): void => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(fast(text)).toEqual(slow(text))
    }),
    { numRuns: 2000 },
  )
}

it('compares texts in the form that one replacement after the other gives', () => {
  const slowly = (text: string): string =>
    text
      .normalize('NFC')
      .replace(/[\u2018\u2019\u201A\u201B\u2032]/g, "'")
      .replace(/[\u201C\u201D\u201E\u201F\u2033]/g, '"')
      .replace(/[\u2010-\u2015\u2212]/g, '-')
      .replace(/\u2026/g, '...')
      .replace(/\s+/g, ' ')
      .trim()
  same(slowly, comparable)
})

it('takes a text for normal only where going through its lines changes nothing', () => {
  const slowly = (text: string): string => {
    let fence: string | null = null
    return text
      .replace(/\r\n?/g, '\n')
      .split('\n')
      .map((line) => {
        const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
        if (fence === null && mark === undefined) return line.normalize('NFC').replace(/[ \t]+$/, '')
        if (fence === null) fence = mark as string
        else if (mark?.startsWith(fence)) fence = null
        return line
      })
      .join('\n')
  }
  same(slowly, normaliseText)
})

it('finds lone surrogates and NUL, and nothing else, unstorable', () => {
  same((text) => text.includes('\u0000') || /[\uD800-\uDFFF]/u.test(text), isUnstorable)
})
