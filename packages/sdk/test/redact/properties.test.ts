import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redactText } from './support.js'

const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length })

/** The text with the last digit that makes it pass. */
function withCheckDigit(payload: string): string {
  const sum = [...payload].reverse().reduce((total, digit, index) => {
    const value = index % 2 === 0 ? Number(digit) * 2 : Number(digit)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return `${payload}${(10 - (sum % 10)) % 10}`
}
const card = fc
  .constantFrom(
    ['4', 16],
    ['4', 19],
    ['51', 16],
    ['55', 16],
    ['2720', 16],
    ['34', 15],
    ['37', 15],
    ['6011', 16],
    ['36', 14],
    ['3528', 16],
    ['62', 17],
  )
  .chain(([prefix, length]) =>
    digits((length as number) - 1 - (prefix as string).length).map((rest) => withCheckDigit(`${prefix}${rest}`)),
  )

/** Check digits by ISO 13616's own way: the remainder of the number with `00`, by big integers. */
function ibanOf(country: string, account: string): string {
  const spelled = [...`${account}${country}00`].map((character) => Number.parseInt(character, 36)).join('')
  return `${country}${String(98n - (BigInt(spelled) % 97n)).padStart(2, '0')}${account}`
}
const iban = fc
  .constantFrom(['DE', 18], ['FR', 23], ['NL', 14], ['GB', 18], ['MT', 27], ['NO', 11], ['LC', 28])
  .chain(([country, length]) =>
    fc
      .string({
        unit: fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'),
        minLength: length as number,
        maxLength: length as number,
      })
      .map((account) => ibanOf(country as string, account)),
  )
const inFours = (text: string) => text.replace(/(.{4})(?=.)/g, '$1 ')

/** Any text, of any characters, that neither runs into a word nor goes on with digits. */
const before = fc.string({ unit: 'grapheme' }).map((text) => `${text} : `)
const after = fc.string({ unit: 'grapheme' }).map((text) => ` ; ${text}`)

test('a valid card is found in any surrounding text', () => {
  fc.assert(
    fc.property(before, card, after, (left, number, right) => {
      expect(redactText(left + number + right)).not.toContain(number)
      const printed = number.length === 16 ? inFours(number) : number
      expect(redactText(left + printed + right)).not.toContain(printed)
    }),
    { numRuns: 500 },
  )
})

test('a valid IBAN is found in any surrounding text, plain and in print', () => {
  fc.assert(
    fc.property(before, iban, after, (left, number, right) => {
      expect(redactText(left + number + right)).not.toContain(number)
      expect(redactText(left + inFours(number) + right)).not.toContain(inFours(number))
    }),
    { numRuns: 500 },
  )
})

/** Not `react@18.2.0-rc.next`, which names a version. */
const mailbox = fc.emailAddress({ size: 'small' }).filter((mail) => !/@\d+\.\d+\.\d/.test(mail))

test('an e-mail address is found in any surrounding text', () => {
  fc.assert(
    fc.property(before, mailbox, after, (left, mail, right) => {
      // What stands before a quote or an equals sign is no mailbox to us; the mailbox behind it is found.
      const text = redactText(left + mail + right)
      expect(text).not.toContain(mail)
      expect(text).not.toContain(mail.slice(mail.indexOf('@')))
    }),
    { numRuns: 500 },
  )
})

test('a text of words stays as it is', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzäöüß'), minLength: 1, maxLength: 12 })
  const prose = fc.array(fc.oneof(word, fc.nat(9999).map(String)), { maxLength: 60 })
  fc.assert(
    fc.property(prose, (words) => {
      // Telephone numbers are groups of digits behind each other; prose has words between them.
      const text = words.map((text, index) => (/\d/.test(text) ? `${text} x${index}` : text)).join(' ')
      const isOrdinary = !/\b(tel|fon|mob|cell|fax|sms|call|dial|ring|text)\b/.test(text)
      if (isOrdinary) expect(redactText(text, { ip: true, ssn: true })).toBe(text)
    }),
    { numRuns: 500 },
  )
})

test('redaction is idempotent, and JSON stays JSON', () => {
  const value = fc.oneof(
    card,
    iban,
    fc.emailAddress({ size: 'small' }),
    fc.string({ unit: 'grapheme' }),
    card.map(Number),
  )
  const json = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      value,
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie('any'), { maxKeys: 3 }),
    ),
  })).any
  fc.assert(
    fc.property(json, fc.nat(2), (tree, depth) => {
      let text = JSON.stringify({ tree })
      for (let level = 0; level < depth; level++) text = JSON.stringify({ text })
      const once = redactText(text, { ip: true, ssn: true })
      expect(() => JSON.parse(once)).not.toThrow()
      expect(redactText(once, { ip: true, ssn: true })).toBe(once)
    }),
    { numRuns: 500 },
  )
})
