import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RowSets, SKETCH_LENGTH } from '@flywheel/curation'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { packSets } from '../../src/units/packed-sets.js'
import { SetSpill } from '../../src/units/set-spill.js'

const folder = mkdtempSync(join(tmpdir(), 'flywheel-set-spill-'))
afterAll(() => rmSync(folder, { recursive: true }))

const numbers = (maxLength: number): fc.Arbitrary<Int32Array> =>
  fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength }).map((list) => Int32Array.from(list))
const prompt_sketch = fc
  .array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: SKETCH_LENGTH, maxLength: SKETCH_LENGTH })
  .map((list) => Int32Array.from(list))
const features = fc.option(fc.record({ chosen: numbers(70), rejected: numbers(70) }), { nil: null })

/** Units of rows, some of which share a system prompt. */
const units: fc.Arbitrary<RowSets[][]> = fc.array(numbers(1024), { minLength: 1, maxLength: 3 }).chain((systems) =>
  fc.array(
    fc.array(
      fc.record({
        prompt_shingles: numbers(1024),
        prompt_sketch,
        system_shingles: fc.constantFrom(...systems),
        features,
      }),
      { maxLength: 12 },
    ),
    { maxLength: 4 },
  ),
)

let made = 0
function spilled(rows: readonly RowSets[][]): { sets: RowSets[]; spill: SetSpill } {
  const spill = new SetSpill(join(folder, String(made++)))
  for (const unit of rows) spill.add(packSets(unit))
  return { sets: rows.flat().map((_, row) => spill.at(row)), spill }
}

it('what was spilled is read again as it was, one row after the other and in any order, as often as asked', () => {
  fc.assert(
    fc.property(units, fc.infiniteStream(fc.nat()), (rows, draws) => {
      const { sets, spill } = spilled(rows)
      const expected = rows.flat()
      const look = (at: number): void => {
        const { prompt_shingles, prompt_sketch, system_shingles, features } = sets[at]!
        expect({ prompt_shingles, prompt_sketch, system_shingles, features }).toEqual(expected[at])
      }
      for (let at = 0; at < expected.length; at++) look(at)
      if (expected.length > 0) for (let n = 0; n < 20; n++) look(draws.next().value % expected.length)
      spill.close()
    }),
    { numRuns: 50 },
  )
})

it('what one look gave is not changed by the next', () => {
  const of = (...list: number[]): RowSets => ({
    prompt_shingles: Int32Array.from(list),
    prompt_sketch: new Int32Array(SKETCH_LENGTH),
    system_shingles: Int32Array.of(),
    features: null,
  })
  const { sets, spill } = spilled([[of(1, 2, 3), of(4, 5, 6)]])
  const first = sets[0]!.prompt_shingles
  expect([...sets[1]!.prompt_shingles]).toEqual([4, 5, 6])
  expect([...first]).toEqual([1, 2, 3])
  spill.close()
})

it('a system prompt that a unit shares is kept once', () => {
  const system_shingles = new Int32Array(1000)
  const prompt_sketch = new Int32Array(SKETCH_LENGTH)
  const row = { prompt_shingles: Int32Array.of(1), prompt_sketch, system_shingles, features: null }
  expect(packSets([row, row, row]).numbers.length).toBeLessThan(1100)
})
