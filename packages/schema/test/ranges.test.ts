import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  COLUMN_TYPES,
  decodeLine,
  EVENT_SCHEMAS,
  EVENT_TYPES,
  JSON_FIELDS,
  RESERVED_FIELDS,
  UINT_MAX,
} from '../src/index.js'
import { anyEvent, columnValue, leastEvent, NOW } from './arbitraries.js'

const decode = (event: unknown) => decodeLine(JSON.stringify(event), NOW)
const columns = EVENT_TYPES.flatMap((type) =>
  Object.entries(COLUMN_TYPES[type]).map(([field, column]) => ({ type, field, column })),
)
const integers = columns.flatMap((row) =>
  row.field !== 'schema_version' && row.column.startsWith('UInt')
    ? [{ ...row, max: UINT_MAX[row.column as keyof typeof UINT_MAX] }]
    : [],
)

describe('ranges are the columns', () => {
  test('every wire field has a column and every column a wire field', () => {
    for (const type of EVENT_TYPES) {
      const fields = Object.keys(EVENT_SCHEMAS[type].shape).filter((field) => field !== 'type' && field !== 'ticket')
      expect(fields.sort()).toEqual(Object.keys(COLUMN_TYPES[type]).sort())
    }
    expect(new Set(columns.filter(({ column }) => column === 'JSON').map(({ field }) => field))).toEqual(
      new Set(JSON_FIELDS),
    )
    expect(columns.filter(({ field }) => (RESERVED_FIELDS as readonly string[]).includes(field))).toEqual([])
  })

  test.each(integers)('$type.$field accepts 0 and $max, and nothing beyond or between', ({ type, field, max }) => {
    const accepts = (value: unknown) => decode({ ...leastEvent(type), [field]: value }).ok
    expect([accepts(0), accepts(max)]).toEqual([true, true])
    expect([accepts(-1), accepts(max + 1), accepts(0.5), accepts('1'), accepts(null), accepts(1e20)]).toEqual(
      Array(6).fill(false),
    )
  })

  test('an unsigned column holds this much', () => {
    expect(UINT_MAX).toEqual({ UInt8: 2 ** 8 - 1, UInt16: 2 ** 16 - 1, UInt32: 2 ** 32 - 1 })
  })

  test('six integer columns stand on the hot path', () => {
    expect(integers.map(({ type, field }) => `${type}.${field}`)).toEqual([
      'interaction.usage_input_tokens',
      'interaction.usage_output_tokens',
      'interaction.usage_cached_tokens',
      'interaction.usage_cache_write_tokens',
      'interaction.usage_reasoning_tokens',
      'feedback.choice',
    ])
  })

  test.each(columns.filter(({ column }) => column === 'Float64'))('$type.$field accepts any finite number', (row) => {
    const text = (value: string) =>
      JSON.stringify({ ...leastEvent(row.type), [row.field]: 0 }).replace(/0}$/, `${value}}`)
    const accepts = (value: string) => decodeLine(text(value), NOW).ok
    expect([accepts('-1.5'), accepts('1.7976931348623157e308'), accepts('5e-324')]).toEqual([true, true, true])
    expect([accepts('1e309'), accepts('-1e309'), accepts('"1"'), accepts('null')]).toEqual(Array(4).fill(false))
  })

  test.each(columns.filter(({ column }) => column === 'DateTime64(3)'))(
    '$type.$field accepts the ends of DateTime64(3), and nothing beyond',
    ({ type, field }) => {
      const accepts = (value: string) => decode({ ...leastEvent(type), [field]: value }).ok
      expect([accepts('1900-01-01T00:00:00.000Z'), accepts('2299-12-31T23:59:59.999Z')]).toEqual([true, true])
      expect([accepts('1899-12-31T23:59:59.999Z'), accepts('2300-01-01T00:00:00.000Z')]).toEqual([false, false])
    },
  )

  test.each(columns.filter(({ column }) => column === 'UUID'))('$type.$field accepts lower case alone', (row) => {
    const id = leastEvent('link')['id'] as string
    const accepts = (value: unknown) => decode({ ...leastEvent(row.type), [row.field]: value }).ok
    expect(accepts(id)).toBe(true)
    expect([accepts(id.toUpperCase()), accepts(`{${id}}`), accepts(''), accepts(null)]).toEqual(Array(4).fill(false))
  })

  test.each(columns.filter(({ column }) => columnValue(column) !== null && column !== 'String'))(
    '$type.$field refuses a value of another JSON type',
    ({ type, field }) => {
      expect(decode({ ...leastEvent(type), [field]: 'text' }).ok).toBe(false)
      expect(decode({ ...leastEvent(type), [field]: null }).ok).toBe(false)
    },
  )
})

test.each(EVENT_TYPES)('%s: encode and decode are inverse, and unknown fields survive', (type) => {
  fc.assert(
    fc.property(anyEvent(type), (event) => {
      const decoded = decode(event)
      expect(decoded).toEqual({ ok: true, event })
      expect(JSON.stringify(decoded.ok && decoded.event)).toBe(JSON.stringify(event))
    }),
  )
})
