import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readFixtures } from '../scripts/read-fixtures.js'
import { EVENT_ACCEPTS } from '../src/events.js'
import { EVENT_SCHEMAS, EVENT_TYPES, RESERVED_FIELDS } from '../src/index.js'

const events: Record<string, unknown>[] = [...readFixtures()]
  .filter(([name]) => !name.endsWith('.expected.ndjson'))
  .flatMap(([, lines]) => lines)
  .flatMap((line) => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
  .filter((event) => EVENT_TYPES.includes(event?.type))

const agree = (event: Record<string, unknown>) => {
  const type = event['type'] as 'link'
  const reserved = RESERVED_FIELDS.some((field) => field in event)
  return [EVENT_ACCEPTS[type](event), !reserved && EVENT_SCHEMAS[type].safeParse(event).success]
}

/** Every place in a value, as a path. */
function paths(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, member]) => paths(member, [...path, key]))]
}

test('the quick check and the schema decide alike on every fixture', () => {
  expect(events.length).toBeGreaterThan(100)
  for (const event of events) expect(agree(event)[0], JSON.stringify(event)).toBe(agree(event)[1])
})

test('and alike when any one member of a fixture is missing', () => {
  for (const whole of events) {
    for (const path of paths(whole).slice(1)) {
      const event = JSON.parse(JSON.stringify(whole))
      const holder = path.slice(0, -1).reduce((here, key) => here[key], event)
      if (Array.isArray(holder)) holder.splice(Number(path.at(-1)), 1)
      else delete holder[path.at(-1) as string]
      if (event.type === undefined) continue
      const [quick, slow] = agree(event)
      expect(quick, `${path.join('.')} of ${JSON.stringify(whole)}`).toBe(slow)
    }
  }
})

test('and alike when any one place of a fixture holds something else', () => {
  const place = fc.nat(events.length - 1).chain((index) => {
    const all = paths(events[index]).slice(1)
    return fc.record({ index: fc.constant(index), path: fc.constantFrom(...all) })
  })
  const something = fc.oneof(
    fc.constantFrom<unknown>(null, true, 0, -1, 1, 0.5, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, 1e300),
    fc.constantFrom<unknown>(
      '',
      'text',
      'granted',
      'up',
      '0',
      '019e4466-1000-7534-8f5d-7450fc9295fb',
      [],
      [''],
      [0],
      {},
    ),
    fc.constantFrom<unknown>(
      { a: 'b' },
      { a: 1 },
      { train: 'denied' },
      [{ type: 'text' }],
      [{ role: 'user', parts: [] }],
    ),
    fc.constant(undefined),
  )
  const seen = { accepted: 0, refused: 0 }
  fc.assert(
    fc.property(place, something, ({ index, path }, value) => {
      const event = JSON.parse(JSON.stringify(events[index]))
      const holder = path.slice(0, -1).reduce((here, key) => here[key], event)
      if (value === undefined && Array.isArray(holder)) holder.splice(Number(path.at(-1)), 1)
      else if (value === undefined) delete holder[path.at(-1) as string]
      else holder[path.at(-1) as string] = value
      if (!EVENT_TYPES.includes(event.type)) return
      const [quick, slow] = agree(event)
      seen[slow ? 'accepted' : 'refused']++
      expect(quick).toBe(slow)
    }),
    { numRuns: 4000 },
  )
  expect(seen.accepted).toBeGreaterThan(200)
  expect(seen.refused).toBeGreaterThan(200)
})
