import { expect, it } from 'vitest'
import { bodiesNeeded, curate, recipeHash, recipeSchema } from '../../src/index.js'
import { drops, ports, Story } from '../support.js'

const recipe = recipeSchema.parse({ strategies: ['choice.ab', 'edit.final'] })

it('wants every answer of a row inside the filter, and reads no body of the others', () => {
  const story = new Story()
  const prompt = 'How long is the warranty?'
  const a = story.ask({ prompt, output: 'The warranty of the oven is one year.' })
  const b = story.ask({ prompt, output: 'Two years from the day on which you bought it.' })
  story.say('choice', a, {
    candidates: JSON.stringify([{ id: a }, { id: b }]),
    winner: '1',
    randomised: true,
    seen: [0, 1],
  })
  story.say('correction', b, { author_id: 'u', kept: 'Two years, and one more if you register the oven.' })
  const of = (selected: string[]) => {
    const evidence = { ...story.evidence(), selected }
    return [bodiesNeeded(evidence, recipe), drops(curate(evidence, recipe, ports))]
  }
  expect(of([a, b])).toEqual([[a, b], expect.not.objectContaining({ 'snapshot.outside_filter': expect.anything() })])
  expect(of([b])).toEqual([[b], { 'snapshot.outside_filter': 1 }])
  expect(of([])).toEqual([[], { 'snapshot.outside_filter': 2 }])
})

it('never brings a superseded value back', () => {
  const story = new Story()
  const a = story.ask()
  story.say('correction', a, { author_id: 'u', kept: 'The parcel leaves our house on Monday morning.' })
  story.say('correction', a, { author_id: 'u', kept: 'The parcel leaves our house on Friday evening.' })
  const set = curate({ ...story.evidence(), selected: [] }, recipe, ports)
  expect(drops(set)).toEqual({ 'snapshot.superseded': 1, 'snapshot.outside_filter': 1 })
})

it('has one hash for every spelling of a filter', () => {
  const hash = (filter: object) => recipeHash(recipeSchema.parse({ filter }))
  expect(hash({ task: 'reply', since: '2026-01-05T10:00:00+01:00' })).toBe(
    hash({ since: '2026-01-05T09:00:00Z', task: 'reply' }),
  )
  expect(hash({ task: 'reply' })).not.toBe(hash({}))
  expect(hash({})).toBe(recipeHash(recipeSchema.parse({})))
})
