import type { Message, Part } from '@flywheel/schema'
import { describe, expect, it } from 'vitest'
import { editPrior } from '../../src/strategies/edit-final.js'
import { drops, pairsOf, START, Story, text } from '../support.js'

const candidates = (...answers: [string, number?][]): string =>
  JSON.stringify(answers.map(([id, choice = 0]) => ({ id, choice })))

describe('priors of edit.final', () => {
  it.each([
    [0.58, false, 0.84, 'measured'],
    [1, false, 0.84, 'measured'],
    [0.579999, false, 0.75, 'measured'],
    [0.1, false, 0.75, 'measured'],
    [0.099999, false, 0.65, 'judgement'],
    [0.9, true, 0.65, 'judgement'],
  ])('at a distance of %d, draft %s: %d (%s)', (distance, isDraft, prior, prior_source) => {
    expect(editPrior(distance, isDraft)).toEqual({ prior, prior_source })
  })
})

describe('one pair for each rejected output', () => {
  it('in the order edit, choice, regenerate, whatever came last', () => {
    const story = new Story()
    const ask = (output: string): string => story.ask({ prompt: 'the same question', output, user: 'u', session: 's' })
    const [loser, picked, second] = [ask('lost'), ask('picked'), ask('asked for again')]
    const by = { author_id: 'u' }
    story.say('correction', loser, { ...by, kept: 'lost, and then corrected by hand' })
    const both = { candidates: candidates([loser], [picked]), winner: '1', randomised: true, seen: [0, 1] }
    story.say('choice', loser, { ...by, ...both })
    story.say('regenerate', loser, { ...by, candidates: candidates([second]) })
    story.say('verdict', second, { ...by, label: 'accept' })
    const made = (strategies: string[]): string[] => {
      const set = story.curate({ strategies })
      expect(Object.keys(drops(set))).toEqual(
        strategies.length > 1 ? ['exact_dedupe.one_pair_per_rejected_output'] : [],
      )
      return pairsOf(set).map((row) => row.meta.strategy)
    }
    expect(made(['edit.final', 'choice.ab', 'regenerate.accepted'])).toEqual(['edit.final'])
    expect(made(['choice.ab', 'regenerate.accepted'])).toEqual(['choice.ab'])
    expect(made(['regenerate.accepted'])).toEqual(['regenerate.accepted'])
  })
})

describe('contradictory evidence', () => {
  it('quarantines an edit that somebody refused afterwards, and not one whose reason was given before', () => {
    const story = new Story()
    const [before, after] = [story.ask(), story.ask()]
    story.say('thumb', before, { author_id: 'u', label: 'down', time: START + 1000 })
    for (const id of [before, after])
      story.say('correction', id, {
        author_id: 'e',
        author_kind: 'expert',
        kept: `Corrected ${id} at length.`,
        time: START + 2000,
      })
    story.say('thumb', after, { author_id: 'u', label: 'down', time: START + 3000 })
    const set = story.curate({ strategies: ['edit.final', 'sft.edit'] })
    expect(set.rows.map((row) => row.chosen.content)).toEqual(Array(2).fill(`Corrected ${before} at length.`))
    expect(drops(set)).toEqual({ 'join.contradictory': 2 })
  })

  it('drops one completion of one prompt under both labels', () => {
    const story = new Story()
    for (const label of ['up', 'down'])
      story.say('thumb', story.ask({ prompt: 'q', output: 'a' }), { author_id: label, label })
    expect(drops(story.curate({ strategies: ['thumbs.unpaired'] }))).toEqual({ 'exact_dedupe.contradictory_label': 2 })
  })
})

describe('the same prompt', () => {
  const lookedUp = (callId: string, order: string, status: string): Message[] => {
    const call: Part = { type: 'tool_call', id: callId, name: 'get_order', arguments: order }
    const response: Part = { type: 'tool_call_response', id: callId, response: status }
    return [text('user', 'Where is it?'), { role: 'assistant', parts: [call] }, { role: 'tool', parts: [response] }]
  }
  const again = (first: Message[], second: Message[]): Story => {
    const story = new Story()
    const [a, b] = [story.ask({ messages: first, output: 'one' }), story.ask({ messages: second, output: 'two' })]
    story.say('regenerate', a, { candidates: candidates([b]) })
    story.say('verdict', b, { label: 'accept' })
    return story
  }

  it('is not told apart by ids that a provider draws or by the order of keys', () => {
    const story = again(
      lookedUp('call_a1', '{"order":7,"full":true}', 'sent'),
      lookedUp('call_b2', '{"full":true, "order":7}', 'sent'),
    )
    const [row] = pairsOf(story.curate())
    expect([row?.chosen.content, row?.rejected?.content]).toEqual(['two', 'one'])
  })

  it('is told apart by what a tool answered', () => {
    const story = again(lookedUp('call_a1', '{"order":7}', 'sent'), lookedUp('call_b2', '{"order":7}', 'lost'))
    expect(drops(story.curate({ strategies: ['regenerate.accepted'] }))).toEqual({ 'construct.different_prompts': 1 })
  })
})
