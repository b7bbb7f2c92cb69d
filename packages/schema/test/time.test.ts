import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalTime, MAX_TIME_MS, MIN_TIME_MS, parseTime } from '../src/wire.js'

test('a time within DateTime64(3) survives its canonical spelling, one beyond is refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: MIN_TIME_MS, max: MAX_TIME_MS }), (ms) => {
      expect(parseTime(canonicalTime(ms))).toBe(ms)
    }),
  )
  expect(canonicalTime(MIN_TIME_MS)).toBe('1900-01-01T00:00:00.000Z')
  expect(canonicalTime(MAX_TIME_MS)).toBe('2299-12-31T23:59:59.999Z')
  expect(() => canonicalTime(MIN_TIME_MS - 1)).toThrow(RangeError)
  expect(() => canonicalTime(MAX_TIME_MS + 1)).toThrow(RangeError)
  expect(parseTime('1900-01-01T00:00:00+00:01')).toBeNull()
  expect(parseTime('2299-12-31T23:59:59.999-00:01')).toBeNull()
})

test.each([
  ['2026-05-20T12:00:01.5+02:00', '2026-05-20T10:00:01.500Z'],
  ['2026-05-20T12:00:01.123999Z', '2026-05-20T12:00:01.123Z'],
  ['2024-02-29T23:59:59-11:30', '2024-03-01T11:29:59.000Z'],
])('%s is %s', (text, expected) => {
  expect(canonicalTime(text)).toBe(expected)
})

test.each([
  '2026-05-20 12:00:00Z',
  '2026-05-20T12:00:00',
  '2026-05-20T12:00Z',
  '2026-05-20',
  '2025-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-05-20T24:00:00Z',
  '2026-05-20T23:59:60Z',
  '2026-05-20T12:00:00+0200',
  '2026-05-20t12:00:00z',
  '1779264000',
  '',
])('%s is refused', (text) => {
  expect(parseTime(text)).toBeNull()
})
