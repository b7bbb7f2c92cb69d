import { expect, test } from 'vitest'
import { redactText } from './support.js'

/** Texts that make careless patterns go back over what they have seen, again and again. */
const HOSTILE: [string, string][] = [
  ['letters', 'a'],
  ['digits', '4'],
  ['digits with gaps', '4 '],
  ['digits with hyphens', '41-'],
  ['signs', '@'],
  ['an address that never ends', 'a.'],
  ['addresses without a dot', 'a@b'],
  ['addresses', 'a@b.example '],
  ['encoded signs', 'a%40'],
  ['labels', '@a.-'],
  ['starts of IBANs', 'DE89'],
  ['starts of IBANs with gaps', 'DE89 '],
  ['starts of keys', 'sk-'],
  ['starts of keys apart', '/whsec_abcdefghijklmnopqrstuvwxyz'],
  ['starts of tokens', 'eyJ'],
  ['starts of tokens with dots', '.eyJaaaaaaaa'],
  ['starts of private keys', '-----BEGIN PRIVATE KEY-----!'],
  ['URLs', '://a:b'],
  ['URLs with users', '://a:a://'],
  ['bearers', 'Bearer a'],
  ['plus signs', '+'],
  ['telephone numbers', '+49 30 1234567 '],
  ['opening brackets', '(0'],
  ['slashes and zeros', '01/'],
  ['backslashes', '\\'],
  ['colons', ':1'],
  ['dots and digits', '1.'],
  ['cues', 'call '],
]

/** Of the processor, not of the clock: other work of the machine does not count. */
function milliseconds(text: string): number {
  const start = process.cpuUsage()
  redactText(text, { ip: true, ssn: true })
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

const repeated = (unit: string, length: number) => unit.repeat(Math.ceil(length / unit.length))

/** Eight times the text: linear is 8, quadratic 64. Below half a second nobody asks. */
function isLinear(unit: string, wrap: (text: string) => string): string | true {
  const small = milliseconds(wrap(repeated(unit, 2 ** 17)))
  const large = milliseconds(wrap(repeated(unit, 2 ** 20)))
  return large < 500 || large / small < 32 || `${small} ms, then ${large} ms`
}

test.each(HOSTILE)('a megabyte of %s takes time in proportion to its length', (_name, unit) => {
  expect(isLinear(unit, (text) => text)).toBe(true)
})

test.each(['"', '\\"', '{"', '["\\', '"\\\\"', '"\\u0040', '"a@b.example",'])(
  'and a megabyte of %s in what begins like JSON',
  (unit) => {
    expect(isLinear(unit, (text) => `{${text}`)).toBe(true)
  },
)

test('a text within a text within a text takes no time beyond its length', () => {
  let text = 'a@b.example'
  for (let depth = 0; depth < 12; depth++) text = JSON.stringify([text])
  expect(milliseconds(repeated(text, 2 ** 16))).toBeLessThan(5000)
})
