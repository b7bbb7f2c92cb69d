import { describe, expect, it } from 'vitest'
import { drops, pairsOf, Story } from '../support.js'

describe('thumbs.pair', () => {
  const thumbs = (up: string[], down: string[], fields: object = {}): Story => {
    const story = new Story()
    const liked = story.ask({ prompt: 'q', output: 'liked' })
    const disliked = story.ask({ prompt: 'q', output: 'disliked' })
    for (const author_id of up) story.say('thumb', liked, { author_id, label: 'up', ...fields })
    for (const author_id of down) story.say('thumb', disliked, { author_id, label: 'down', ...fields })
    return story
  }
  const strategies = { strategies: ['thumbs.pair'] }

  it('prefers the liked sample where the net thumbs are two apart', () => {
    const set = thumbs(['a'], ['c']).curate(strategies)
    const [row] = pairsOf(set)
    expect([row?.chosen.content, row?.rejected?.content]).toEqual(['liked', 'disliked'])
    expect(row?.meta).toMatchObject({ prior: 0.7, prior_source: 'measured' })
  })

  it('makes nothing of a smaller gap, of one side alone and of people who cannot be told apart', () => {
    const evidence = { thumbs_min_gap: 3 }
    expect(drops(thumbs(['a'], ['b']).curate({ ...strategies, evidence }))).toEqual({ 'join.gap_too_small': 1 })
    expect(drops(thumbs([], ['a', 'b', 'c']).curate(strategies))).toEqual({
      'join.no_liked_sample': 1,
      'join.merged_with_another_thumb': 2,
    })
    expect(drops(thumbs(['', '', ''], ['', '']).curate(strategies))).toEqual({ 'join.author_unknown': 2 })
  })

  it('counts a person once an answer, however many thumbs they gave', () => {
    const story = thumbs(['a'], ['b'])
    for (const name of ['clarity', 'tone', 'length']) {
      story.say('thumb', story.interactions[0]!.id, { author_id: 'a', label: 'up', name })
    }
    const evidence = { thumbs_min_gap: 3 }
    expect(drops(story.curate({ ...strategies, evidence }))).toEqual({ 'join.gap_too_small': 1 })
  })

  it('makes nothing of samples about which people differ: of five thumbs four must say the same', () => {
    const contested = (up: string[], down: string[]): Story => {
      const story = thumbs(up, down)
      story.say('thumb', story.interactions[1]!.id, { author_id: 'dissenter', label: 'up' })
      return story
    }
    expect(pairsOf(contested(['a', 'b'], ['c', 'd']).curate(strategies))).toHaveLength(1)
    const drop = { 'join.people_disagree': 1, 'join.merged_with_another_thumb': 1 }
    expect(drops(contested(['a'], ['c', 'd']).curate(strategies))).toEqual(drop)
    const evidence = { thumbs_min_agreement: 0.75 }
    expect(pairsOf(contested(['a'], ['c', 'd']).curate({ ...strategies, evidence }))).toHaveLength(1)
    expect(
      pairsOf(contested(['a', 'b'], ['c', 'd']).curate({ ...strategies, evidence: { thumbs_min_agreement: 1 } })),
    ).toEqual([])
  })

  it('takes its thresholds from the recipe', () => {
    const evidence = { thumbs_min_gap: 2, thumbs_min_authors: 3 }
    expect(drops(thumbs(['a'], ['b']).curate({ ...strategies, evidence }))).toEqual({ 'join.same_authors': 1 })
    expect(drops(thumbs(['a'], ['a']).curate(strategies))).toEqual({ 'join.same_authors': 1 })
  })
})
