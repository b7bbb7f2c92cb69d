import { describe, expect, it } from 'vitest'
import { curate, PRESETS, parseRecipe } from '../../src/index.js'
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
