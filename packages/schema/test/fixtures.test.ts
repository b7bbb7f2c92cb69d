import { describe, expect, test } from 'vitest'
import { brokenRows, fixtureSums } from '../scripts/fixture-sums.js'
import { readFixtures, readSums } from '../scripts/read-fixtures.js'
import { decodeLine, EVENT_TYPES, FEEDBACK_KINDS, type FlywheelEvent, LINK_TARGET_KINDS } from '../src/index.js'

const NOW = Date.parse('2026-06-01T00:00:00.000Z')
const fixtures = readFixtures()
const bodies = [...fixtures].filter(([name]) => !name.endsWith('.expected.ndjson'))

describe('fixtures of version 1', () => {
  test.each(bodies)('%s decodes as expected, line by line', (name, lines) => {
    const expected = fixtures.get(name.replace('.ndjson', '.expected.ndjson'))?.map((line) => JSON.parse(line))
    const outcomes = lines.map((line) => {
      const decoded = decodeLine(line, NOW)
      if (!decoded.ok) return { ok: false, id: decoded.id, code: decoded.code }
      const { event, rewritten } = decoded
      return { ok: true, type: event.type, id: event.id, ...(rewritten === undefined ? {} : { rewritten }) }
    })
    expect(outcomes).toEqual(expected)
  })

  test('hold every event type, every feedback kind and every kind of link target', () => {
    const events = bodies
      .flatMap(([, lines]) => lines.map((line) => decodeLine(line, NOW)))
      .flatMap((decoded): FlywheelEvent[] => (decoded.ok ? [decoded.event] : []))
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(EVENT_TYPES))
    const kinds = events.map((event) => (event.type === 'feedback' ? event.kind : null))
    expect(new Set(kinds)).toEqual(new Set([null, ...FEEDBACK_KINDS]))
    const targets = events.map((event) => (event.type === 'link' ? event.target_kind : null))
    expect(new Set(targets)).toEqual(new Set([null, ...LINK_TARGET_KINDS]))
  })

  test('are append-only: every line is listed in SHA256SUMS and no listed line changed', () => {
    expect(readSums()).toEqual(fixtureSums(fixtures))
    expect(readSums().length).toBeGreaterThan(200)
  })

  test('the guard bites: a changed, a removed and a moved line break it, an added line does not', () => {
    const listed = fixtureSums(new Map([['a.ndjson', ['{"n":1}', '{"n":2}']]]))
    const broken = (lines: string[]) => brokenRows(listed, new Map([['a.ndjson', lines]])).length
    expect(broken(['{"n":1}', '{"n":2}', '{"n":3}'])).toBe(0)
    expect(broken(['{"n":1}', '{"n":3}'])).toBe(1)
    expect(broken(['{"n":1}'])).toBe(1)
    expect(broken(['{"n":0}', '{"n":1}', '{"n":2}'])).toBe(2)
  })
})
