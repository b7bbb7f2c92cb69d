import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calibrate, type Judgement, priorOfAgreement, wilson } from '../../src/evidence/recalibrate.js'
import { datasetCard, inputsOf, recipeSchema, snapshotOf } from '../../src/index.js'
import { settle } from '../../src/settle.js'
import { sha256 } from '../../src/text/canonical-json.js'
import { factsAt } from '../gates/set-support.js'
import { manifestOf } from '../rendered.js'
import { pairsOf, ports, Story } from '../support.js'

const judged = (n: number, author: string, says: string): Judgement => ({
  strategy: 's',
  question: `q${n}`,
  subject: `q${n}`,
  author,
  says,
})
/** Noise that is the same on every run. */
const chance = (n: number): number => Number.parseInt(sha256(`chance ${n}`).slice(0, 12), 16) / 0x1000000000000

/** Two people on each question, the first `agreeing` of which they answer alike. */
const twice = (questions: number, agreeing: number): Judgement[] =>
  Array.from({ length: questions }, (_, n) => [judged(n, 'a', 'x'), judged(n, 'b', n < agreeing ? 'x' : 'y')]).flat()

describe('recalibration', () => {
  it('has the interval of Wilson and the prior that makes two judges agree so often', () => {
    // Brown, Cai and DasGupta 2001: 81 of 263 gives 0.2553 to 0.3662.
    expect(wilson(81 / 263, 263).map((each) => each.toFixed(4))).toEqual(['0.2553', '0.3662'])
    // .8 and .2: both right in .64, both wrong in .04.
    expect(priorOfAgreement(0.68)).toBeCloseTo(0.8, 12)
    expect([priorOfAgreement(1), priorOfAgreement(0.5), priorOfAgreement(0.2)]).toEqual([1, 0.5, 0.5])
  })

  it('waits until enough questions were judged by two people', () => {
    expect(calibrate(twice(99, 68), 100)).toBeNull()
    expect(calibrate(twice(100, 68), 100)).toMatchObject({ prior: 0.8, agreement: 0.68, questions: 100 })
    expect(calibrate([], 0)).toBeNull()
    // One person twice is one judgement, and says nothing of agreement.
    expect(calibrate([judged(1, 'a', 'x'), judged(1, 'a', 'y')], 1)).toBeNull()
  })

  it('holds its prior in its interval, whatever the order, and more agreement never lowers it', () => {
    const counts = fc.integer({ min: 1, max: 60 }).chain((n) => fc.tuple(fc.constant(n), fc.nat(n - 1)))
    fc.assert(
      fc.property(counts, fc.infiniteStream(fc.nat()), ([questions, agreeing], keys) => {
        const judgements = twice(questions, agreeing)
        const own = calibrate(judgements, 1)!
        expect(own.interval[0]).toBeLessThanOrEqual(own.prior)
        expect(own.interval[1]).toBeGreaterThanOrEqual(own.prior)
        expect(own.interval[0]).toBeGreaterThanOrEqual(0.5)
        const shuffled = judgements
          .map((each) => [keys.next().value as number, each] as const)
          .sort(([a], [b]) => a - b)
          .map(([, each]) => each)
        expect(calibrate(shuffled, 1)).toEqual(own)
        expect(calibrate(twice(questions, agreeing + 1), 1)!.prior).toBeGreaterThanOrEqual(own.prior)
      }),
    )
  })

  it('finds the accuracy of simulated judges within its interval nearly always', () => {
    const accuracies = [0.6, 0.7, 0.8, 0.9]
    let inside = 0
    let trials = 0
    let at = 0
    for (const accuracy of accuracies) {
      for (let trial = 0; trial < 60; trial++) {
        const judgements = Array.from({ length: 200 }, (_, n) =>
          ['a', 'b'].map((author) => judged(n, author, chance(at++) < accuracy ? 'right' : 'wrong')),
        ).flat()
        const [low, high] = calibrate(judgements, 100)!.interval
        trials++
        if (low <= accuracy && accuracy <= high) inside++
      }
    }
    expect(inside / trials).toBeGreaterThan(0.9)
  })

  it('weighs rows by it and says so, where a project has enough of them', () => {
    const story = new Story()
    for (let n = 0; n < 30; n++) {
      const [a, b] = ['one', 'two'].map((output) => story.ask({ prompt: `q${n}`, output: `${output} ${n}` }))
      const candidates = JSON.stringify([a, b].map((id) => ({ id, choice: 0 })))
      const choice = { candidates, randomised: true, seen: [0, 1] }
      story.say('choice', a!, { ...choice, author_id: 'u', winner: '0' })
      if (n < 20) story.say('choice', a!, { ...choice, author_id: 'v', winner: n < 17 ? '0' : '1' })
    }
    const strategies = ['choice.ab']
    const before = story.curate({ strategies, evidence: { recalibrate_from: 21 } })
    expect(pairsOf(before)[0]?.meta).toMatchObject({ prior: 0.7, prior_source: 'judgement' })
    expect(before.strategies[0]?.recalibration).toBeNull()
    const after = story.curate({ strategies, evidence: { recalibrate_from: 20 } })
    const own = after.strategies[0]!.recalibration!
    expect(own).toMatchObject({ agreement: 0.85, questions: 20 })
    expect(own.prior).toBeCloseTo((1 + Math.sqrt(0.7)) / 2, 4)
    for (const { meta } of pairsOf(after)) {
      expect(meta).toMatchObject({ prior: own.prior, prior_source: 'recalibrated' })
      expect(meta.weight).toBeCloseTo(2 * own.prior - 1, 6)
    }
    const recipe = recipeSchema.parse({ strategies })
    const inputs = inputsOf(snapshotOf(story.evidence()))
    const { watermark, cutoff } = story.evidence()
    const manifest = manifestOf('id', { watermark, cutoff, inputs, recipe, parent: null }, after, [], [])
    expect(manifest.strategies[0]?.recalibration).toEqual(own)
    expect(datasetCard(manifest, [])).toContain(
      `\`choice.ab\`: ${own.prior} (95% interval ${own.interval[0]} to ${own.interval[1]}). Of 20 questions`,
    )
  })

  it('takes no prior from two people who say the same to everything and look at nothing', () => {
    const thumbs = (share: number): Judgement[] =>
      Array.from({ length: 400 }, (_, n) =>
        ['a', 'b'].map((author, i) => judged(n, author, chance(2 * n + i) < share ? 'up' : 'down')),
      ).flat()
    for (const share of [0.5, 0.7, 0.92, 0.97, 1]) expect(calibrate(thumbs(share), 100, true)).toBeNull()
    // Without the correction chance would be taken for knowledge.
    expect(calibrate(thumbs(0.92), 100)!.prior).toBeGreaterThan(0.9)
  })

  it('takes the agreement beyond chance of people who look, whatever label is the more frequent', () => {
    // 100 answers: both up 70, both down 10, one of each 20. Up has .8: chance .68, kappa .375.
    const said = Array.from({ length: 100 }, (_, n) => {
      const [a, b] = n < 70 ? ['up', 'up'] : n < 80 ? ['down', 'down'] : ['up', 'down']
      return [judged(n, 'a', a!), judged(n, 'b', b!)]
    }).flat()
    const own = calibrate(said, 100, true)!
    expect(own).toMatchObject({ agreement: 0.8, by_chance: 0.68, questions: 100 })
    expect(own.prior).toBeCloseTo((1 + Math.sqrt(0.375)) / 2, 4)
    expect(own.interval[0]).toBeGreaterThan(0.5)
    expect(own.interval[0]).toBeLessThan(own.prior)
    expect(own.interval[1]).toBeGreaterThan(own.prior)
    expect(calibrate([...said].reverse(), 100, true)).toEqual(own)
    // Where both labels are as frequent, nothing changes.
    const even = Array.from({ length: 100 }, (_, n) => {
      const [a, b] = n < 40 ? ['up', 'up'] : n < 80 ? ['down', 'down'] : ['up', 'down']
      return [judged(n, 'a', a!), judged(n, 'b', b!)]
    }).flat()
    expect(calibrate(even, 100, true)!.prior).toBe(calibrate(even, 100)!.prior)
  })

  it('leaves the prior of a host that sends nothing but accepts', () => {
    const story = new Story()
    for (let n = 0; n < 30; n++) {
      const id = story.ask({ prompt: `question ${n}` })
      for (const author of ['a', 'b']) story.say('verdict', id, { label: 'accept', author_id: `${author}${n}` })
    }
    const set = story.curate({ strategies: ['sft.accept'], evidence: { recalibrate_from: 20 } })
    expect(set.rows.length).toBeGreaterThan(0)
    expect(set.strategies[0]?.recalibration).toBeNull()
    for (const { meta } of set.rows) expect(meta).toMatchObject({ prior: 0.65, prior_source: 'judgement' })
  })

  it('raises no prior that was measured, and says why: people who err alike agree', () => {
    const story = new Story()
    for (let n = 0; n < 40; n++) {
      const id = story.ask({ prompt: `question ${n}`, output: `answer ${n}` })
      const label = n % 2 === 0 ? 'up' : 'down'
      for (const author_id of ['a', 'b']) story.say('thumb', id, { author_id, label })
    }
    const strategies = ['thumbs.unpaired']
    const set = story.curate({ strategies, evidence: { recalibrate_from: 20 } })
    expect(set.strategies[0]?.recalibration).toMatchObject({ agreement: 1, questions: 40 })
    expect(set.rows.length).toBeGreaterThan(0)
    for (const { meta } of set.rows) expect(meta).toMatchObject({ prior: 0.65, prior_source: 'measured', weight: 0.3 })
    const { watermark, cutoff } = story.evidence()
    const inputs = inputsOf(snapshotOf(story.evidence()))
    const recipe = recipeSchema.parse({ strategies })
    const manifest = manifestOf('id', { watermark, cutoff, inputs, recipe, parent: null }, set, [], [])
    expect(datasetCard(manifest, [])).toContain(
      'they said the same in 100%, by chance in 50%. The prior stays as it was',
    )
  })

  it('lowers a prior that was measured elsewhere, where people agree too little for it', () => {
    const own = {
      prior: 0.6,
      interval: [0.55, 0.64] as [number, number],
      agreement: 0.52,
      by_chance: 0.5,
      questions: 4000,
    }
    const facts = [0, 1].map((n) =>
      factsAt(n, { strategy: 'thumbs.unpaired', prior: 0.65, prior_source: 'measured', weight_share: 1 }),
    )
    const recipe = recipeSchema.parse({})
    settle(facts, [], { recalibrated: new Map([['thumbs.unpaired', own]]) }, recipe, ports)
    for (const each of facts) expect(each).toMatchObject({ prior: 0.6, prior_source: 'recalibrated' })
  })

  it('does not count people who cannot be told apart', () => {
    const story = new Story()
    const ids = Array.from({ length: 12 }, () => story.ask())
    for (const id of ids) for (const label of ['up', 'up', 'down']) story.say('thumb', id, { label })
    const set = story.curate({ strategies: ['thumbs.unpaired'], evidence: { recalibrate_from: 10 } })
    expect(set.strategies[0]?.recalibration).toBeNull()
  })
})
