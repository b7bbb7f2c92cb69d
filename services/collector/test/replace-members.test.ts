import fc from 'fast-check'
import { expect, test } from 'vitest'
import { replaceMembers } from '../src/replace-members.js'

const removed = new Set(['ticket', 'target'])

test('removes every copy of the named members, puts the new ones first and keeps the rest byte for byte', () => {
  const text =
    ' { "a" : 1.0 ,"ticket":"x\\"}", "n":[{"target":"kept"},"]"],"targe\\u0074" :{}, "b":12345678901234567890 } '
  expect(replaceMembers(text, removed, { target: 'T', choice: 0 })).toBe(
    '{"target":"T","choice":0,"a" : 1.0,"n":[{"target":"kept"},"]"],"b":12345678901234567890}',
  )
  expect(replaceMembers('{}', removed, { target: 'T' })).toBe('{"target":"T"}')
  expect(replaceMembers('{"ticket":1}', removed, {})).toBe('{}')
})

test('says the same as to delete and set on the parsed object', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.oneof(fc.constantFrom('ticket', 'target', 'a'), fc.string()), fc.jsonValue()),
      fc.constantFrom(0, 2),
      (object, indent) => {
        // No `__proto__`: JSON.parse makes it a member, an object literal does not.
        fc.pre(!Object.keys(object).includes('__proto__'))
        const { ticket: _ticket, target: _target, ...rest } = object as Record<string, unknown>
        const text = JSON.stringify(object, null, indent)
        expect(JSON.parse(replaceMembers(text, removed, { target: 'T' }))).toEqual(
          JSON.parse(JSON.stringify({ target: 'T', ...rest })),
        )
      },
    ),
    { numRuns: 1000 },
  )
})
