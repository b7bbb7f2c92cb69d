import { describe, expect, it } from 'vitest'
import { type CuratedRow, curate, PRESETS, parseRecipe, type RecipeInput } from '../../src/index.js'
import { drops, ports, Story } from '../support.js'

describe('presets', () => {
  it('are recipes, each', () => {
    expect(PRESETS.map(({ id }) => id)).toContain('expert-2000')
    for (const { id, recipe } of PRESETS) expect(parseRecipe({ preset: id })).toEqual(parseRecipe(recipe))
  })

  it('stand under what a recipe says itself, key by key', () => {
    const recipe = parseRecipe({ preset: 'expert-2000', name: 'mine', selection: { budget: 500 } })
    expect(recipe.name).toBe('mine')
    expect(recipe.selection).toMatchObject({ budget: 500, only: 'vouched', spread: ['task', 'prompt'] })
  })

  it('are named where nobody knows the one that is asked for', () => {
    expect(() => parseRecipe({ preset: 'expert-200' })).toThrow('expert-2000')
    expect(() => parseRecipe({ preset: 'expert-2000', budget: 1 })).toThrow('budget')
  })
})

describe('expert-2000', () => {
  it('takes what experts wrote and nothing else, the corrections that tell most of each task first', () => {
    const story = new Story()
    for (let n = 0; n < 30; n++) {
      const task = n % 10 === 0 ? 'rare' : 'common'
      const id = story.ask({ user: `u${n}`, head: { task }, output: 'The parcel leaves on Monday.' })
      const kept = `The parcel leaves on Monday${' and it is insured against loss'.repeat(1 + (n % 4))}.`
      const author = n % 2 === 0 ? ({ author_id: 'e1', author_kind: 'expert' } as const) : { author_id: `u${n}` }
      story.say('correction', id, { kept, ...author })
    }
    const recipe = parseRecipe({ preset: 'expert-2000', strategies: ['edit.final'], selection: { budget: 6 } })
    const set = curate(story.evidence(), recipe, ports)
    expect(drops(set)).toMatchObject({ 'eligibility.not_vouched': 15, 'selection.over_budget': 9 })
    expect(set.rows.filter(({ meta }) => meta.task === 'rare').length).toBe(3)
    expect(set.rows.every(({ meta }) => meta.chosen_by === 'human')).toBe(true)
  })

  it('takes a signed review, and none that anybody on a page can send', () => {
    const story = new Story()
    for (const trust of ['server', 'public'] as const) {
      const id = story.ask({ user: trust, prompt: `A question from a ${trust}.` })
      story.say('review', id, { label: 'approve', author_id: `reviewer ${trust}`, author_kind: '', trust })
    }
    const recipe = parseRecipe({ preset: 'expert-2000', strategies: ['sft.accept'] })
    const set = curate(story.evidence(), recipe, ports)
    expect(drops(set)).toMatchObject({ 'eligibility.not_vouched': 1 })
    expect(set.rows.map(({ prompt }) => prompt.at(-1)?.content)).toEqual(['A question from a server.'])
  })
})

/** Answers with a correction (committed, small, or a quiet draft), with an acceptance, with a thumb, and with a review. */
function everyKind(): Story {
  const story = new Story()
  const ask = (user: string, prompt: string): string =>
    story.ask({ user, prompt, output: 'The parcel leaves our house on Monday, and it is insured up to the usual sum.' })
  const kept = 'It left on Tuesday; our colleague at the harbour has it and will write to you.'
  const small = 'The parcel leaves our house on Tuesday, and it is insured up to the usual sum.'
  story.say('correction', ask('u1', 'A committed correction?'), { author_id: 'u1', kept })
  story.say('correction', ask('u2', 'A small correction?'), { author_id: 'u2', kept: small })
  const draft = ask('u3', 'A draft?')
  story.say('correction', draft, { author_id: 'u3', kept, stage: 'draft' })
  story.say('copy', draft, { author_id: 'u3' })
  story.say('verdict', ask('u4', 'An accepted answer?'), { author_id: 'u4', label: 'accept' })
  for (const label of ['up', 'down'])
    story.say('thumb', ask(`u5${label}`, `Thumb ${label}?`), { author_id: 'u5', label })
  const reviewed = ask('u6', 'A review?')
  story.say('review', reviewed, { author_id: 'r', author_kind: 'expert', label: 'edit', kept })
  return story
}

const rowsOf = (recipe: RecipeInput) => curate(everyKind().evidence(), parseRecipe(recipe), ports).rows

const asked = (rows: readonly CuratedRow[]) => rows.map(({ prompt }) => prompt.at(-1)?.content).sort()

describe('high-precision', () => {
  it('takes pairs whose prior was measured or that a reviewer decided, no draft and no small edit', () => {
    const loose = rowsOf({ strategies: ['review.decision', 'edit.final', 'thumbs.pair'] })
    expect(asked(loose)).toEqual(['A committed correction?', 'A draft?', 'A review?', 'A small correction?'])
    const rows = rowsOf({ preset: 'high-precision' })
    expect(asked(rows)).toEqual(['A committed correction?', 'A review?'])
    for (const { shape, meta } of rows) {
      expect(shape).toBe('preference')
      if (meta.strategy !== 'review.decision') expect(meta.prior_source).toBe('measured')
    }
    expect(parseRecipe({ preset: 'high-precision' }).evidence.thumbs_min_agreement).toBe(0.9)
  })
})

describe('sft-accepted', () => {
  it('takes supervised rows alone, of corrections and of accepted answers', () => {
    const rows = rowsOf({ preset: 'sft-accepted' })
    expect(new Set(rows.map(({ shape }) => shape))).toEqual(new Set(['supervised']))
    expect(asked(rows)).toEqual(expect.arrayContaining(['A committed correction?', 'An accepted answer?']))
  })
})

describe('kto-thumbs', () => {
  it('takes unpaired rows alone, with the label of the thumb', () => {
    const rows = rowsOf({ preset: 'kto-thumbs' })
    expect(rows.map(({ shape, label }) => [shape, label]).sort()).toEqual([
      ['unpaired', false],
      ['unpaired', true],
    ])
  })
})
