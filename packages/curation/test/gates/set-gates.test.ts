import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { capOf, caps } from '../../src/gates/caps.js'
import { eligibility } from '../../src/gates/eligibility.js'
import { lengthBias } from '../../src/gates/length-bias.js'
import { nearDuplicates } from '../../src/gates/near-duplicates.js'
import { reserve } from '../../src/gates/reserve.js'
import { selection } from '../../src/gates/selection.js'
import type { SetGate } from '../../src/gates/set-gate.js'
import { type Facts, type RecipeInput, recipeSchema } from '../../src/index.js'
import { words } from '../near/words.js'
import { ports } from '../support.js'
import { factsAt, factsOf } from './set-support.js'

const run = (gate: SetGate, facts: readonly Facts[], recipe: RecipeInput = {}) => {
  const { kept, dropped } = gate.run(facts, recipeSchema.parse(recipe), ports)
  const reasons: Record<string, number> = {}
  for (const { reason } of dropped) reasons[reason] = (reasons[reason] ?? 0) + 1
  return { kept, reasons }
}
const ids = (facts: readonly Facts[]): string[] => facts.map(({ row_id }) => row_id).sort()

/** 120 rows of which every gate finds something to take. */
const crowd = (): Facts[] =>
  factsOf(120, (n) => ({
    prompt: words(n % 15, 40).join(' '),
    prompt_cluster: `p${n % 30}`,
    members: [`cluster:p${n % 30}`, `user:u${n < 70 ? 0 : n}`],
    chosen_chars: 100 + (n % 4 === 0 ? -n : n),
    task: `t${n % 3}`,
    model: `m${n % 2}`,
    prior: n % 5 === 0 ? 0.84 : 0.75,
    age_ms: n * 1000,
    expertise: n % 3 === 0 ? 1 : 0,
  }))
const tight = {
  near_duplicates: { keep: 6 },
  caps: { user: { share: 0.2, rows: 5 }, prompt: { share: 0.1, rows: 3 } },
  selection: { only: 'vouched', max_age_ms: 100_000, rejected_models: ['m1'], budget: 30, spread: ['task'] },
} as RecipeInput

describe.each([eligibility, nearDuplicates, caps, lengthBias, selection])('$id', (gate) => {
  it('keeps the same rows in every order of them, and takes none of them when asked again', () => {
    const recipe = gate === lengthBias ? {} : tight
    const expected = run(gate, crowd(), recipe)
    expect(expected.kept.length).toBeGreaterThan(5)
    expect(expected.kept.length).toBeLessThan(120)
    const order = fc.shuffledSubarray(crowd(), { minLength: 120 })
    fc.assert(
      fc.property(order, (shuffled) => {
        const again = run(gate, shuffled, recipe)
        expect(ids(again.kept)).toEqual(ids(expected.kept))
        expect(again.reasons).toEqual(expected.reasons)
      }),
      { numRuns: 20 },
    )
    expect(ids(run(gate, expected.kept, recipe).kept)).toEqual(ids(expected.kept))
  })
})

describe('near_duplicates', () => {
  it('keeps the strongest few of each shape, and puts the group on one side of the split', () => {
    const text = words(1, 60)
    const rows = factsOf(8, (n) => ({
      prompt: [...text, `${n}`].join(' '),
      prior: n === 3 ? 0.84 : 0.75,
      shape: n < 6 ? 'preference' : 'supervised',
    }))
    const { kept, reasons } = run(nearDuplicates, rows, { near_duplicates: { keep: 2 } })
    expect(reasons).toEqual({ near_duplicate: 4 })
    expect(kept.map(({ feedback }) => feedback)).toEqual(['f000003', 'f000005', 'f000006', 'f000007'])
    expect(kept.every(({ members }) => members.includes('cluster:p0'))).toBe(true)
    expect(new Set(kept.map(({ near_duplicates }) => near_duplicates)).size).toBe(1)
  })
})

it('near_duplicates count the losers of one choice as one decision', () => {
  const rows = factsOf(9, (n) => ({ prompt: 'the same question to all of them', feedback: `f${Math.floor(n / 3)}` }))
  const { kept, reasons } = run(nearDuplicates, rows, { near_duplicates: { keep: 2 } })
  expect(reasons).toEqual({ near_duplicate: 3 })
  expect(new Set(kept.map(({ feedback }) => feedback))).toEqual(new Set(['f1', 'f2']))
})

describe('caps', () => {
  it('hold one user with 60% of the rows to a quarter of what remains (case 19)', () => {
    const rows = factsOf(1000, (n) => ({ members: [`user:u${n < 600 ? 0 : n}`] }))
    const { kept, reasons } = run(caps, rows)
    const mine = kept.filter(({ members }) => members[0] === 'user:u0').length
    expect(mine).toBe(133)
    expect(mine / kept.length).toBeLessThanOrEqual(0.25)
    expect(reasons).toEqual({ user_cap: 467 })
  })

  it('leave a small set as it is, up to the floor', () => {
    expect(
      run(
        caps,
        factsOf(90, () => ({ members: ['user:only'] })),
      ).reasons,
    ).toEqual({})
  })

  it('hold people too few for the share to an equal one, and never below it', () => {
    const three = factsOf(1500, (n) => ({ members: [`user:u${n % 3}`] }))
    expect(run(caps, three).reasons).toEqual({})
    const uneven = factsOf(900, (n) => ({ members: [`user:u${n < 800 ? 0 : 1 + (n % 2)}`] }))
    const { kept, reasons } = run(caps, uneven)
    expect(reasons).toEqual({ user_cap: 500 })
    expect(kept.filter(({ members }) => members[0] === 'user:u0')).toHaveLength(300)
    // Four can each be a quarter.
    const four = factsOf(1200, (n) => ({ members: [`user:u${n < 300 ? 1 + (n % 3) : 0}`] }))
    expect(run(caps, four).reasons).toEqual({ user_cap: 800 })
  })

  it('hold the questions of a set of few to their share all the same', () => {
    const rows = factsOf(400, (n) => ({ members: [`user:u${n}`], prompt_cluster: `p${n % 2}` }))
    expect(run(caps, rows).reasons).toEqual({ prompt_cap: 300 })
  })

  it('count pairs and supervised rows apart, and first questions as well as people', () => {
    const rows = factsOf(400, (n) => ({
      members: [`user:u${n}`],
      prompt_cluster: n < 200 ? 'the same' : `p${n}`,
      shape: n % 2 === 0 ? 'preference' : 'supervised',
    }))
    expect(run(caps, rows).reasons).toEqual({ prompt_cap: 100 })
  })

  it('find the greatest limit that meets the share', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(counts, fc.constantFrom(0.05, 0.1, 0.25, 0.5, 1), (list, share) => {
        const limit = capOf(list, { share, rows: 1 })
        const remains = (of: number): number => list.reduce((sum, count) => sum + Math.min(count, of), 0)
        const holds = (of: number): boolean => Math.min(of, Math.max(...list)) <= share * remains(of) + 1e-6
        expect(limit === 1 || holds(limit)).toBe(true)
        expect(limit >= Math.max(...list) || !holds(limit + 1)).toBe(true)
      }),
    )
  })
})

describe('length_bias', () => {
  const pairs = (longer: number, shorter: number): Facts[] =>
    factsOf(longer + shorter, (n) => ({ chosen_chars: n < longer ? 110 + (n % 7) * 40 : 60 + (n % 5) * 10 }))
  const share = (rows: readonly Facts[]): number =>
    rows.filter((facts) => facts.chosen_chars > facts.rejected_chars!).length / rows.length

  it('brings the share of longer chosen sides to 60%, from the length ratios that are out of balance', () => {
    const rows = pairs(180, 100)
    const { kept, reasons } = run(lengthBias, rows)
    expect(share(rows)).toBeGreaterThan(0.64)
    expect(reasons).toEqual({ chosen_longer: 30 })
    expect(share(kept)).toBeCloseTo(0.6, 2)
  })

  it('leaves at least half of the pairs, and a set in which no chosen side is shorter as it is', () => {
    expect(run(lengthBias, pairs(190, 10)).reasons).toEqual({ chosen_longer: 100 })
    expect(run(lengthBias, pairs(100, 0)).reasons).toEqual({})
    expect(run(lengthBias, pairs(100, 80)).reasons).toEqual({})
    // Of three pairs none can be said to be too many.
    expect(run(lengthBias, pairs(2, 1)).reasons).toEqual({})
    expect(run(lengthBias, pairs(4, 1), { length_bias: { min_pairs: 1 } }).reasons).toEqual({ chosen_longer: 2 })
  })
})

describe('selection', () => {
  it('takes what tells most, one of each task before the second of any', () => {
    const rows = factsOf(30, (n) => ({ task: n < 25 ? 'common' : `rare${n}` }))
    const take = (input: RecipeInput['selection']) =>
      run(selection, rows, { selection: input ?? {} })
        .kept.map(({ information }) => information)
        .sort((a, b) => b - a)
    expect(take({ budget: 3 })).toEqual([29, 28, 27])
    expect(take({ budget: 7, spread: ['task'] })).toEqual([29, 28, 27, 26, 25, 24, 23])
    expect(take({ budget: 6, spread: ['task'] })).toEqual([29, 28, 27, 26, 25, 24])
  })

  it('by margin takes the surest and farthest pairs, by expertise what reviewers decided', () => {
    const rows = [
      factsAt(1, { edit_distance: 0.9, prior: 0.84 }),
      factsAt(2, { edit_distance: 0.2, prior: 0.84, expertise: 2 }),
      factsAt(3, { edit_distance: 0.9, prior: 0.65, expertise: 1 }),
    ]
    const first = (by: 'margin' | 'expertise') => run(selection, rows, { selection: { budget: 1, by } }).kept[0]?.time
    expect([first('margin'), first('expertise')]).toEqual([1, 2])
  })

  it('shares the budget by model, and leaves the rest to models that are not named', () => {
    const rows = factsOf(60, (n) => ({ model: ['old', 'new', 'other'][n % 3]! }))
    const { kept } = run(selection, rows, { selection: { budget: 20, strata: { new: 0.5, old: 0.25 } } })
    const count = (model: string) => kept.filter((facts) => facts.model === model).length
    expect([count('new'), count('old'), count('other')]).toEqual([10, 5, 5])
    expect(() => recipeSchema.parse({ selection: { strata: { new: 0.5 } } })).toThrow('set selection.budget')
  })

  it('wants the rejected side of named models, an age and a reviewer where the recipe does', () => {
    const rows = [
      factsAt(1, { model: 'new', expertise: 1 }),
      factsAt(2, { model: 'old', expertise: 2 }),
      factsAt(3, { model: 'new', expertise: 1, age_ms: 5000 }),
      factsAt(4, { model: 'new' }),
      factsAt(5, { model: 'old', expertise: 2, shape: 'supervised' }),
    ]
    const wanted = { only: 'vouched' as const, rejected_models: ['new'], max_age_ms: 4000 }
    const { kept, reasons } = run(eligibility, rows, { selection: wanted })
    expect(kept.map(({ time }) => time)).toEqual([1, 5])
    expect(reasons).toEqual({ off_policy: 1, too_old: 1, not_vouched: 1 })
  })
})

describe('reserve', () => {
  it('keeps the floor of a rare task through caps, length bias and budget', () => {
    const recipe: RecipeInput = {
      caps: { user: { share: 0.1, rows: 2 }, prompt: { share: 1, rows: 1 } },
      selection: { reserve: { by: 'task', rows: 3 }, budget: 8 },
    }
    const rows = factsOf(100, (n) => ({
      task: n < 4 ? 'rare' : 'common',
      members: [`user:u${n < 4 ? 'one' : n}`],
      chosen_chars: n < 4 || n % 4 > 0 ? 300 : 50,
    }))
    const through = (floor: boolean): number => {
      let left: readonly Facts[] = rows.map((facts) => ({ ...facts }))
      const gates = [...(floor ? [reserve] : []), caps, lengthBias, selection]
      for (const gate of gates) left = run(gate, left, recipe).kept
      expect(left).toHaveLength(8)
      return left.filter(({ task }) => task === 'rare').length
    }
    expect([through(false), through(true)]).toEqual([0, 3])
  })
})
