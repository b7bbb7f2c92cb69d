import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COLUMN_TYPES, decodeLine, EVENT_TYPES, type EventType, respellIntegers } from '../src/index.js'
import { anyEvent, leastEvent, NOW, nextId } from './arbitraries.js'

const decode = (text: string) => decodeLine(text, NOW)

/** Every way here of writing the integer n that JSON allows. */
function spellings(n: number): fc.Arbitrary<string> {
  const scaled = n % 1000 === 0 && n > 0 ? [`${n / 1000}e3`, `${n / 1000}E+3`, `${n / 1000}.0e3`] : []
  const small = n > 0 ? [`${n}0e-1`, `${n / 10}e1`] : ['-0', '-0.0', '0e7']
  return fc.constantFrom(`${n}`, `${n}.0`, `${n}.000`, `${n}e0`, `${n}E0`, ...scaled, ...small)
}

const count = fc.oneof(
  fc.integer({ min: 0, max: 65_535 }),
  fc.nat(65).map((n) => n * 1000),
)
const spelled = count.chain((n) => spellings(n).map((text) => ({ n, text })))
const blank = fc.constantFrom('', ' ', '\t', '  ')

/** One object's text with each integer spelled at random, and the text with plain integers that it should become. */
function lineOf(type: EventType) {
  const integers = Object.entries(COLUMN_TYPES[type]).filter(
    ([field, column]) => column.startsWith('UInt') && field !== 'schema_version',
  )
  return fc
    .tuple(
      anyEvent(type),
      fc.array(spelled, { minLength: integers.length, maxLength: integers.length }),
      spelled,
      blank,
      fc.constantFrom('1', '1.0', '1e0', '10e-1'),
    )
    .map(([event, values, nested, pad, version]) => {
      const members = Object.entries(event).filter(
        ([key]) => key !== 'schema_version' && !integers.some(([field]) => field === key),
      )
      const write = (asGiven: boolean) => {
        const number = ({ n, text }: { n: number; text: string }) => (asGiven ? text : String(n))
        const pieces = members.map(([key, value]) => `${pad}${JSON.stringify(key)}${pad}:${JSON.stringify(value)}`)
        integers.forEach(([field], index) => {
          const at = (index * 7) % (pieces.length + 1)
          pieces.splice(at, 0, `"${field}"${pad}:${pad}${number(values[index]!)}${pad}`)
        })
        pieces.push(`"schema_version":${asGiven ? version : '1'}`)
        if (type === 'feedback') {
          pieces.unshift(`"candidates":[{"note":1e2,"choice"${pad}:${number(nested)},"id":"${id}"}${pad}]`)
          pieces.push(`"seen"${pad}:[${pad}${number(nested)},${number(values[0]!)}${pad}]`)
        }
        // What a model wrote, and what nobody knows, keeps its spelling and its digits.
        pieces.push(`"later":{"choice":1e3,"usage_input_tokens":5.0,"n":12345678901234567890123}`)
        pieces.push(`"metadata":{"schema_version":"\\"choice\\":1e3, \\u0061"}`)
        return `${pad}{${pieces.join(',')}}${pad}`
      }
      return { given: write(true), plain: write(false) }
    })
}
const id = nextId()

describe('integers in another spelling', () => {
  test.each(EVENT_TYPES)('%s: only the spelling of its own integers changes, byte for byte', (type) => {
    fc.assert(
      fc.property(lineOf(type), ({ given, plain }) => {
        const decoded = decode(given)
        if (!decoded.ok) throw new Error(decoded.message)
        expect(decoded.rewritten ?? given).toBe(plain)
        expect(decoded.rewritten === undefined).toBe(given === plain)
        // -0 and 0 are the same integer, and the only difference that a rewrite makes to the value.
        const value = (text: string) => JSON.parse(text, (_, member) => (Object.is(member, -0) ? 0 : member))
        expect(value(plain)).toEqual(value(given))
      }),
    )
  })

  test('are sought under keys written with escapes, too', () => {
    const line = JSON.stringify({ ...leastEvent('interaction'), usage_input_tokens: 1000 })
    const given = line.replace('"usage_input_tokens":1000', '"usage\\u005finput_token\\u0073":1e3')
    expect(decode(given)).toMatchObject({ ok: true, rewritten: given.replace('1e3', '1000') })
  })

  test('leave a line alone that has none, whatever its text says', () => {
    const line = JSON.stringify({ ...leastEvent('feedback'), reason_text: '"choice": 1e3', kept_json: { choice: 1 } })
    expect(decode(line.replace('{"choice":1}', '{"choice":1.0}'))).not.toHaveProperty('rewritten')
  })

  test('stay when they are out of range: the schema refuses the line', () => {
    const line = JSON.stringify({ ...leastEvent('interaction'), usage_input_tokens: 7 }).replace(/7}$/, '1e10}')
    expect(decode(line)).toMatchObject({ ok: false, code: 'invalid_event' })
  })

  test('deep nesting is passed over', () => {
    const deep = `${'['.repeat(499)}${']'.repeat(499)}`
    const line = JSON.stringify(leastEvent('feedback')).replace(
      /}$/,
      `,"later":${deep},"choice":1.0,"x":"\\ud83d\\ude00"}`,
    )
    expect(decode(line)).toMatchObject({ ok: true, rewritten: line.replace('1.0', '1') })
  })
})

test('any JSON object survives the scanner', () => {
  fc.assert(
    fc.property(fc.object({ withNullPrototype: false }), fc.nat(2), (object, indent) => {
      const text = JSON.stringify(object, null, indent)
      expect(respellIntegers(text, 'feedback')).toBe(text)
    }),
  )
})
