import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeHeader,
  EVENT_TYPES,
  encodeHeader,
  formatClientHeader,
  isFlywheelError,
  type LogHeader,
  parseClientHeader,
  TRUSTS,
} from '../src/index.js'

const header: LogHeader = {
  format: 1,
  project_id: 'p',
  key_id: 'k',
  request_id: 'r',
  received_at: '2026-06-01T00:00:00.000Z',
  body_until: '2100-01-01T00:00:00.000Z',
  row_until: '2100-01-01T00:00:00.000Z',
  encoding: 'identity',
  inflated_bytes: 10,
  lines: [],
  skip: [],
  rejected: 0,
}
const time = fc
  .date({ min: new Date('1971-01-01T00:00:00Z'), max: new Date('2299-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString())
const hmac = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 })
const counters = fc.record({
  instance: fc.uuid(),
  seq: fc.maxSafeNat(),
  created: fc.maxSafeNat(),
  dropped: fc.maxSafeNat(),
  rejected: fc.maxSafeNat(),
})
const anyHeader = fc.record(
  {
    format: fc.constant(1 as const),
    project_id: fc.string({ minLength: 1 }),
    key_id: fc.string(),
    request_id: fc.string({ minLength: 1, unit: 'grapheme' }),
    received_at: time,
    body_until: time,
    row_until: time,
    encoding: fc.constantFrom('identity' as const, 'gzip' as const),
    inflated_bytes: fc.nat(),
    lines: fc.array(
      fc.record(
        {
          type: fc.constantFrom(...EVENT_TYPES),
          id: fc.uuid({ version: 7 }),
          trust: fc.constantFrom(...TRUSTS),
          user: hmac,
          author: hmac,
          session: hmac,
        },
        { requiredKeys: ['type', 'id', 'trust'] },
      ),
    ),
    skip: fc.array(fc.nat()),
    rejected: fc.nat(),
    client: counters,
  },
  { requiredKeys: [...(Object.keys(header) as (keyof LogHeader)[])] as never },
) as fc.Arbitrary<LogHeader>

test('a header comes back as it was written', () => {
  fc.assert(
    fc.property(anyHeader, (written) => {
      expect(decodeHeader(encodeHeader(written))).toEqual(JSON.parse(JSON.stringify(written)))
    }),
  )
})

test('a field of a later version survives', () => {
  expect(decodeHeader(encodeHeader({ ...header, later: [1] } as LogHeader))).toEqual({ ...header, later: [1] })
})

const failure = (bytes: Uint8Array) => {
  try {
    decodeHeader(bytes)
  } catch (error) {
    if (isFlywheelError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'accepted'
}

test('a newer format says what to upgrade', () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ ...header, format: 2 }))
  expect(failure(bytes)).toMatch(
    /^invalid_log_record: a log record has format 2, this version reads 1; upgrade the sink/,
  )
})

test.each([
  ['no JSON', '{'],
  ['not UTF-8', '\u0000'],
  ['null', 'null'],
  ['no format', JSON.stringify({ ...header, format: undefined })],
  [
    'a limit of 1970, which would delete live rows',
    JSON.stringify({ ...header, row_until: '1970-01-01T00:00:00.000Z' }),
  ],
  ['a time with another spelling', JSON.stringify({ ...header, received_at: '2026-06-01T00:00:00Z' })],
  [
    'an unknown trust',
    JSON.stringify({ ...header, lines: [{ type: 'link', id: '019e4466-1000-7534-8f5d-7450fc9295fb', trust: 'root' }] }),
  ],
  ['a negative index', JSON.stringify({ ...header, skip: [-1] })],
])('a header with %s is refused', (_, text) => {
  const bytes = text === '\u0000' ? Uint8Array.of(0xff, 0xfe) : new TextEncoder().encode(text)
  expect(failure(bytes)).toMatch(/^invalid_log_record: /)
})

test('the client header is read back in any order, and refused when a counter is missing or no count', () => {
  fc.assert(
    fc.property(counters, (written) => {
      const text = formatClientHeader(written)
      expect(parseClientHeader(text)).toEqual(written)
      expect(parseClientHeader(text.split('; ').reverse().join(';'))).toEqual(written)
      expect(parseClientHeader(text.replace(/; rejected=\d+/, ''))).toBeNull()
      expect(parseClientHeader(text.replace('seq=', 'seq=-'))).toBeNull()
    }),
  )
})
