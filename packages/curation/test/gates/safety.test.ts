import type { Message, Part } from '@flywheel/schema'
import { expect, it } from 'vitest'
import { parseRecipe } from '../../src/index.js'
import { refusalOf } from '../../src/text/refusal.js'
import { drops, pairsOf, Story } from '../support.js'

const REFUSAL = "I'm sorry, but I can\u2019t help with that."

it.each([
  [REFUSAL, 'refusal'],
  ['As an AI language model, I cannot give advice on this.', 'refusal'],
  ['Es tut mir leid, aber dabei kann ich nicht helfen.', 'refusal'],
  ['D\u00e9sol\u00e9, je ne peux pas vous aider.', 'refusal'],
  ['The response was filtered due to the prompt triggering a policy.', 'filter_text'],
  ["I'm sorry that your parcel is late. It comes on Friday.", null],
  ['As an AI assistant I cannot be completely certain, but here is what I found.', null],
  ['You can cancel: I cannot think of a reason against it.', null],
])('reads %j as %s', (text, kind) => {
  expect(refusalOf(text)).toBe(kind)
})

it('tags a refusal as a side and keeps the row, until a recipe drops it (case 18)', () => {
  const story = new Story()
  story.say('correction', story.ask({ output: REFUSAL }), { kept: 'The parcel comes on Friday, surely.' })
  const [row] = pairsOf(story.curate())
  expect(row?.meta.safety_tags).toEqual(['refusal_rejected'])
  const set = story.curate({ strategies: ['edit.final'], safety: { drop: ['refusal_rejected'] } })
  expect(drops(set)).toEqual({ 'safety.safety_refusal_rejected': 1 })
})

it("tags a filter's own words as a side, wanted or not (case 18)", () => {
  const story = new Story()
  const output = 'The response was filtered due to our content management policy.'
  story.say('thumb', story.ask({ output }), { label: 'down' })
  story.say('thumb', story.ask({ output: `${output} Sorry.` }), { label: 'up' })
  const tags = story.curate({ strategies: ['thumbs.unpaired'] }).rows.map((row) => [row.label, row.meta.safety_tags])
  expect(tags).toContainEqual([false, ['filter_text_rejected']])
  expect(tags).toContainEqual([true, ['filter_text_chosen']])
})

it('tags what people reported and what the filter of a provider raised, each by its name', () => {
  const story = new Story()
  const extra = {
    content_filter_results: {
      hate: { filtered: false, severity: 'medium' },
      violence: { filtered: false, severity: 'safe' },
    },
    safetyRatings: [{ category: 'HARM_CATEGORY_HARASSMENT', probability: 'HIGH' }, null],
  }
  const parts = [{ type: 'text', content: 'What a fool you are.', extra }] as Part[]
  const outputs: Message[] = [{ role: 'assistant', parts }]
  story.say('correction', story.ask({ outputs }), {
    kept: 'It comes on Friday.',
    reason_codes: ['Offensive', 'wrong_date'],
  })
  expect(pairsOf(story.curate())[0]?.meta.safety_tags).toEqual([
    'provider:harassment',
    'provider:hate',
    'reported:offensive',
  ])
})

it('says nothing of a reason code but the harms that it names', () => {
  const story = new Story()
  story.say('correction', story.ask(), {
    kept: 'It comes on Friday.',
    reason_codes: ['Toxic: she wrote to Ada@Lovelace.example', 'hate-speech, self-harm', 'biasedly late'],
  })
  const tags = ['reported:hate', 'reported:self_harm', 'reported:toxic']
  expect(pairsOf(story.curate())[0]?.meta.safety_tags).toEqual(tags)
  expect(drops(story.curate({ strategies: ['edit.final'], safety: { drop: tags.slice(1, 2) } }))).toEqual({
    'safety.safety_reported_self_harm': 1,
  })
})

it('refuses a tag that no row can have', () => {
  expect(() => parseRecipe({ safety: { drop: ['refusals'] } })).toThrow(/safety\.drop\.0: use refusal_chosen/)
  expect(() => parseRecipe({ safety: { drop: ['reported:wrong_date'] } })).toThrow(/safety\.drop\.0: use .*toxic/)
})
