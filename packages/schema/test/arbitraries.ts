import fc from 'fast-check'
import { COLUMN_TYPES, type ColumnType, createUuidv7, type EventType, UINT_MAX } from '../src/index.js'

export const NOW: number = Date.parse('2026-06-01T00:00:00.000Z')

let state = 11
/** Fresh ids of the fixed time. */
export const nextId: () => string = createUuidv7(
  () => NOW,
  (length) =>
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state >>> 24
    }),
)

/** The least valid event of each type. */
export function leastEvent(type: EventType): Record<string, unknown> {
  const base = { type, id: nextId(), schema_version: 1 }
  const target = nextId()
  if (type === 'feedback') return { ...base, kind: 'copy', target_kind: 'interaction', target }
  if (type === 'link') return { ...base, target_kind: 'turn', target, ref: 'mail:1' }
  if (type === 'consent') return { ...base, subject_kind: 'user', subject: 'u', purpose: 'train', label: 'granted' }
  return base
}

/** Text that is well formed and without NUL. */
export const goodText: fc.Arbitrary<string> = fc
  .string({ unit: 'grapheme' })
  .filter((text) => !/\p{Cs}/u.test(text) && !text.includes('\0'))

const uint = (max: number) => fc.oneof(fc.integer({ min: 0, max }), fc.constantFrom(0, 1, max - 1, max))
const json = fc
  .dictionary(goodText, fc.oneof(goodText, fc.integer(), fc.boolean(), fc.constant(null), fc.array(goodText)))
  .map((value) => ({ ...value }))

/** Values inside a column's range, its ends among them; null where the wire's shape is narrower than the column. */
export function columnValue(column: ColumnType): fc.Arbitrary<unknown> | null {
  switch (column) {
    case 'UInt8':
    case 'UInt16':
    case 'UInt32':
      return uint(UINT_MAX[column])
    case 'Float64':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value))
    case 'String':
      return goodText
    case 'Bool':
      return fc.boolean()
    case 'Array(String)':
      return fc.array(goodText)
    case 'Array(UInt16)':
      return fc.array(uint(UINT_MAX.UInt16))
    case 'Map(String, String)':
      return fc.dictionary(goodText, goodText).map((value) => ({ ...value }))
    default:
      return null
  }
}

/** Fields whose meaning is narrower than their column; they have tests of their own. */
const NARROW = new Set(['schema_version', 'consent', 'target', 'ref', 'subject', 'winner'])

/** Events of a type with any subset of its plain columns, and fields that nobody knows. */
export function anyEvent(type: EventType): fc.Arbitrary<Record<string, unknown>> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {}
  for (const [name, column] of Object.entries(COLUMN_TYPES[type])) {
    const value = columnValue(column)
    if (value !== null && !NARROW.has(name) && !(name in leastEvent(type))) fields[name] = value
  }
  const objects = type === 'interaction' ? ['parameters', 'prompt_variables', 'provider_json'] : []
  for (const name of objects) fields[name] = json
  const unknown = fc.dictionary(
    fc.stringMatching(/^later_[a-z]{1,6}$/),
    fc.oneof(json, goodText, fc.integer(), fc.constant(null)),
  )
  return fc
    .tuple(fc.record(fields, { requiredKeys: [] }), unknown)
    .map(([known, later]) => ({ ...leastEvent(type), ...known, ...later }))
}
