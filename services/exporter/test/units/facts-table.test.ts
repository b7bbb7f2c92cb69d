import type { Facts } from '@flywheel/curation'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FactsTable } from '../../src/units/facts-table.js'

const hash = fc.stringMatching(/^[0-9a-f]{64}$/)
// Of one case, of an odd length, of a few digits, and what only looks like a hash.
const text = fc.oneof(hash, fc.stringMatching(/^[0-9a-fA-F]{0,40}$/), fc.string({ unit: 'binary' }), fc.uuid())
// Of the two zeros, which a table may take for each other, one.
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true })).map((value) => (value === 0 ? 0 : value))
const count = fc.nat()

const sets: Facts['sets'] = {
  prompt_shingles: Int32Array.of(1),
  prompt_sketch: Int32Array.of(),
  system_shingles: Int32Array.of(),
  features: null,
}

const facts = fc.record<Omit<Facts, 'sets'>>({
  row_id: text,
  strategy: text,
  precedence: fc.nat(),
  shape: fc.constantFrom('preference', 'unpaired', 'supervised'),
  prior: number,
  prior_source: fc.constantFrom('measured', 'judgement', 'recalibrated') as fc.Arbitrary<Facts['prior_source']>,
  weight: number,
  weight_share: fc.integer({ min: 1, max: 99 }).map((losers) => 1 / losers),
  label: fc.constantFrom(true, false, null),
  edit_distance: fc.option(number),
  time: number,
  feedback: text,
  interaction: text,
  rejected_answer: fc.option(text),
  content: text,
  unsigned: text,
  members: fc.array(text),
  prompt_cluster: text,
  prompt_chars: count,
  chosen_chars: count,
  rejected_chars: fc.option(count),
  model: text,
  provider: text,
  chosen_provider: text,
  language: text,
  task: text,
  surface: text,
  chosen_by: fc.constantFrom('human', 'model'),
  age_ms: number,
  prompt_shingles: count,
  system_hash: text,
  question_shingles: count,
  information: number,
  expertise: fc.constantFrom(0, 1, 2),
  evaluation_set: text,
  near_duplicates: text,
  is_reserved: fc.boolean(),
  split: text,
  cluster: text,
  component: text,
  place: fc.option(count, { nil: undefined }),
})

const names = Object.keys(fc.sample(facts, 1)[0]!) as (keyof Omit<Facts, 'sets'>)[]

/** What gates and the project's own judgements write. */
const WRITTEN = [
  'prior',
  'prior_source',
  'weight',
  'members',
  'prompt_cluster',
  'near_duplicates',
  'is_reserved',
  'split',
  'cluster',
  'component',
] as const

function read(row: Facts): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, row[name]]))
}

it('what was put in is read again as it was, in any order, and its sets are those of its place', () => {
  fc.assert(
    fc.property(fc.array(facts, { minLength: 1, maxLength: 20 }), (list) => {
      const table = new FactsTable((row) => ({ ...sets, prompt_shingles: Int32Array.of(row) }))
      const rows = list.map((each) => table.add(each))
      for (const at of [...list.keys(), ...[...list.keys()].reverse()]) {
        expect(read(rows[at]!)).toEqual(list[at])
        expect([...rows[at]!.sets.prompt_shingles]).toEqual([at])
      }
    }),
    { numRuns: 50 },
  )
})

it('what is written to a row is read from it again, and no other row has changed', () => {
  fc.assert(
    fc.property(
      fc.array(facts, { minLength: 2, maxLength: 8 }),
      fc.array(facts),
      fc.infiniteStream(fc.nat()),
      (list, changes, draws) => {
        const table = new FactsTable(() => sets)
        const rows = list.map((each) => table.add(each))
        const expected = list.map((each) => ({ ...each }))
        for (const change of changes) {
          const at = draws.next().value % rows.length
          const written = Object.fromEntries(WRITTEN.map((name) => [name, change[name]]))
          Object.assign(rows[at]!, written)
          Object.assign(expected[at]!, written)
        }
        expect(rows.map(read)).toEqual(expected)
      },
    ),
    { numRuns: 50 },
  )
})

it('holds texts that are longer than a piece of its memory', () => {
  const table = new FactsTable(() => sets)
  const [first] = fc.sample(facts, 1)
  const long = ['é'.repeat(2 ** 20), 'a'.repeat(2 ** 20), 'ab'.repeat(2 ** 20)]
  const rows = ['before', ...long, 'after'].map((feedback) => table.add({ ...first!, feedback }))
  expect(rows.map(({ feedback }) => feedback)).toEqual(['before', ...long, 'after'])
})

it('keeps what only looks like a hash as it was written', () => {
  const table = new FactsTable(() => sets)
  const [first] = fc.sample(facts, 1)
  const hash = '0123456789abcdef'.repeat(4)
  const written = [hash, hash.toUpperCase(), `${hash}0`, hash.slice(1), `${hash} `, 'ab', '']
  const rows = written.map((content) => table.add({ ...first!, content }))
  expect(rows.map(({ content }) => content)).toEqual(written)
})

it.each([-1, 1.5, 2 ** 31, Number.NaN])('refuses a count that is none: %d', (prompt_chars) => {
  const [first] = fc.sample(facts, 1)
  expect(() => new FactsTable(() => sets).add({ ...first!, prompt_chars })).toThrow(RangeError)
})
