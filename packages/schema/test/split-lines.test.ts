import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitLines } from '../src/index.js'

const lines = (body: string) => {
  const bytes = new TextEncoder().encode(body)
  return [...splitLines(bytes)].map(([start, end]) =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(start, end)),
  )
}

test('lines joined by LF or CR LF come back, with or without a final line end', () => {
  const line = fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((text) => !/[\r\n\uFEFF]/.test(text) && !/\p{Cs}/u.test(text))
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), fc.constantFrom('\n', '\r\n'), fc.boolean(), (texts, end, final) => {
      expect(lines(texts.join(end) + (final ? end : ''))).toEqual(texts)
    }),
  )
})

test('blank lines count, so that an index means the same to collector and sink', () => {
  expect(lines('\na\n\r\n\nb')).toEqual(['', 'a', '', '', 'b'])
  expect(lines('')).toEqual([])
  expect(lines('\n')).toEqual([''])
})

test('a byte order mark at the start belongs to no line, a later one to its line', () => {
  expect(lines('\uFEFFa\n\uFEFFb')).toEqual(['a', '\uFEFFb'])
})
