import { describe, expect, test } from 'vitest'
import { readFixtures } from '../scripts/read-fixtures.js'
import { canonicalFilter, interactionFilterQuerySchema, interactionFilterSchema, strictEvent } from '../src/index.js'
import { leastEvent, nextId } from './arbitraries.js'

const accepts = (event: unknown) => strictEvent.safeParse(event).success
const said = (event: unknown) => JSON.stringify(strictEvent.safeParse(event).error?.issues ?? [])

describe('where a human writes', () => {
  test('every fixture passes that holds no field of the future', () => {
    const events = ['interactions', 'feedback', 'links', 'consents']
      .flatMap((name) => readFixtures().get(`${name}.ndjson`) ?? [])
      .map((line) => JSON.parse(line))
    const passed = events.filter(accepts)
    expect(passed.length).toBeGreaterThan(40)
    expect(passed.length).toBeLessThan(events.length)
    for (const event of events) {
      const isFuture = /future|another|"big"|"unknown"|hologram|"note"/.test(JSON.stringify(event))
      expect(accepts(event), JSON.stringify(event)).toBe(!isFuture)
    }
  })

  test.each([
    ['a misspelt field', { ...leastEvent('interaction'), sesion_id: 's' }, 'sesion_id'],
    ['a reserved field', { ...leastEvent('interaction'), trust: 'server' }, 'trust'],
    [
      'a misspelt member of a message',
      { ...leastEvent('interaction'), messages: [{ role: 'user', parts: [], contnt: '' }] },
      'contnt',
    ],
    ['an unknown part', { ...leastEvent('interaction'), system: [{ type: 'txt', content: '' }] }, 'system'],
    ['a kind without what it carries', { ...leastEvent('feedback'), kind: 'correction' }, 'kept'],
    ['a link to no UUID', { ...leastEvent('link'), target: 'x' }, 'UUID'],
  ])('%s is refused by name', (_, event, name) => {
    expect(accepts(event)).toBe(false)
    expect(said(event)).toContain(name)
  })

  test('JSON of its own stays open', () => {
    expect(accepts({ ...leastEvent('interaction'), parameters: { anything: [1] }, metadata: { any: 'word' } })).toBe(
      true,
    )
  })
})

describe('the filter', () => {
  test('refuses a condition that nobody knows', () => {
    expect(interactionFilterSchema.safeParse({ usr_id: 'u' }).success).toBe(false)
    expect(interactionFilterSchema.safeParse({ since: 'yesterday' }).success).toBe(false)
  })

  test('has one spelling for the same conditions', () => {
    const turn_id = nextId()
    const one = canonicalFilter({ turn_id, since: '2026-05-20T12:00:00+02:00', has_feedback: true })
    const two = canonicalFilter({ has_feedback: true, since: '2026-05-20T10:00:00.000Z', turn_id })
    expect(one).toBe(two)
    expect(one).not.toBe(canonicalFilter({ has_feedback: false, since: '2026-05-20T10:00:00.000Z', turn_id }))
    expect(canonicalFilter({})).toBe('{}')
  })

  test('reads a URL’s words', () => {
    const read = (query: Record<string, string>) => interactionFilterQuerySchema.safeParse(query)
    expect(read({ has_feedback: 'true', task: 'true' }).data).toEqual({ has_feedback: true, task: 'true' })
    expect(read({ has_feedback: 'yes' }).success).toBe(false)
    expect(read({ turn_id: 'T-1' }).success).toBe(false)
    const turn_id = nextId()
    expect(read({ turn_id: turn_id.toUpperCase() }).data).toEqual({ turn_id })
  })
})
