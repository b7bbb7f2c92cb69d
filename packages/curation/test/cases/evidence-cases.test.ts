import type { Message } from '@flywheel/schema'
import { describe, expect, it } from 'vitest'
import { leakingMembers } from '../../src/gates/split.js'
import { curate, recipeSchema } from '../../src/index.js'
import { DAY, drops, HOUR, iso, pairsOf, ports, START, Story, text } from '../support.js'

/*
 * Cases of the design's list "Cases a naive implementation gets wrong" that need more than one event; the README names
 * the test of each case. Those of one strategy stand beside it, in ../strategies.
 */
const only = (...strategies: string[]): { strategies: string[] } => ({ strategies })
const candidates = (...ids: string[]): string => JSON.stringify(ids.map((id) => ({ id, choice: 0 })))

describe('what was served', () => {
  it('case 3: an edit after a regenerate pairs with the second sample, whatever strategies run', () => {
    const story = new Story()
    const [first, second] = ['first', 'second'].map((output) => story.ask({ prompt: 'q', output }))
    story.say('regenerate', first!, { author_id: 'u', candidates: candidates(second!) })
    story.say('correction', second!, { author_id: 'u', kept: 'second, mended' })
    for (const strategies of [['edit.final'], ['regenerate.accepted', 'regenerate.edited'], undefined]) {
      const rows = pairsOf(story.curate(strategies === undefined ? {} : { strategies }))
      expect(rows.map((row) => [row.chosen.content, row.rejected?.content])).toEqual([['second, mended', 'second']])
    }
  })

  it('case 8: a stream that was cut off before the person asked again is not a rejection', () => {
    const story = new Story()
    const cut = story.ask({ prompt: 'q', output: 'The parcel le', head: { status: 'partial', finish_reasons: [] } })
    const whole = story.ask({ prompt: 'q', output: 'The parcel leaves on Tuesday.' })
    story.say('regenerate', cut, { author_id: 'u', candidates: candidates(whole) })
    story.say('verdict', whole, { author_id: 'u', label: 'accept' })
    expect(drops(story.curate(only('regenerate.accepted')))).toEqual({ 'completeness.partial': 1 })
  })

  it.each([
    ['as a part', [{ role: 'assistant', parts: [{ type: 'refusal', content: 'I cannot.' }] }], ['stop'], 'refusal'],
    ["by the provider's filter", [text('assistant', 'Blocked.')], ['content_filter'], 'filtered'],
  ] as [string, Message[], string[], string][])(
    'case 18: a refusal %s is no side of a pair',
    (_, outputs, finish_reasons, reason) => {
      const story = new Story()
      const refused = story.ask({ prompt: 'q', outputs, head: { finish_reasons } })
      const good = story.ask({ prompt: 'q', output: 'Here it is.' })
      const both = { candidates: candidates(refused, good), randomised: true, seen: [0, 1] }
      story.say('choice', refused, { ...both, winner: '1' })
      expect(drops(story.curate(only('choice.ab')))).toEqual({ [`completeness.${reason}`]: 1 })
    },
  )

  it('case 23: outputs beyond 64 KiB and characters of two code units are compared as any other', () => {
    const story = new Story()
    const served = `${'a long answer '.repeat(10_000)}ends here`
    expect(Buffer.byteLength(served)).toBeGreaterThan(2 * 65_536)
    story.say('correction', story.ask({ output: served }), { kept: `${served} and there: four more words` })
    // The distance is in words, so that a character of two code units, or of several code points, is no longer one.
    story.say('correction', story.ask({ output: 'one 😀 three four' }), { kept: 'one 👩‍👩‍👧 three four' })
    story.say('correction', story.ask({ output: 'one x three four' }), { kept: 'one y three four' })
    const recipe = { ...only('edit.final'), edit: { min_distance: 0 } }
    const distances = pairsOf(story.curate(recipe)).map(({ meta }) => meta.edit_distance ?? 0)
    expect(distances.sort()).toEqual([expect.closeTo(5 / 30_007, 6), 0.25, 0.25])
  })
})

describe('people', () => {
  it('case 9: one person a week apart never stands on both sides of the split', () => {
    const story = new Story()
    for (let n = 0; n < 60; n++) {
      for (const time of [START + n * 1000, START + 7 * DAY + n * 1000]) {
        const id = story.ask({ time, user: `u${n}`, prompt: `Question ${n} of ${time}?`, output: 'served' })
        story.say('correction', id, { author_id: `u${n}`, kept: `Corrected ${n} at ${time}.`, time: time + HOUR })
      }
    }
    const set = story.curate({ ...only('edit.final'), split: { validation: 0.3 } })
    expect(set.rows).toHaveLength(120)
    expect(set.leaking_members).toBe(0)
    expect(new Set(set.rows.map(({ meta }) => meta.split))).toEqual(new Set(['train', 'validation']))
    // The check finds a leak where there is one.
    const fact = { members: ['user:u0'], split: 'train' } as unknown as Parameters<typeof leakingMembers>[0][0]
    expect(leakingMembers([fact, { ...fact, split: 'validation' }])).toBe(1)
  })

  it('case 10: two people who edit in opposite directions leave nothing', () => {
    const story = new Story()
    const [mild, harsh] = ['We are sorry for the delay.', 'Nobody here is to blame.']
    story.say('correction', story.ask({ user: 'a', prompt: 'q', output: mild }), { author_id: 'a', kept: harsh })
    story.say('correction', story.ask({ user: 'b', prompt: 'q', output: harsh }), { author_id: 'b', kept: mild })
    expect(drops(story.curate(only('edit.final')))).toEqual({ 'exact_dedupe.reversed_pair': 2 })
  })

  describe('case 11: consent', () => {
    const asked = (): Story => {
      const story = new Story()
      story.say('correction', story.ask({ time: START, user: 'u' }), { author_id: 'u', kept: 'Another text.' })
      return story
    }
    const count = (story: Story, at: number): number => {
      const evidence = { ...story.evidence(), watermark: iso(at), cutoff: iso(at) }
      return curate(evidence, recipeSchema.parse(only('edit.final')), ports).rows.length
    }

    it('case 11: withdrawn between capture and export takes the row', () => {
      const story = asked()
      story.state('withdrawn', 'user', 'u', START + 3 * DAY)
      expect(count(story, START + 5 * DAY)).toBe(0)
    })

    it('case 11: withdrawn between two exports takes it from the second', () => {
      const story = asked()
      story.state('withdrawn', 'user', 'u', START + 6 * DAY)
      expect([count(story, START + 5 * DAY), count(story, START + 7 * DAY)]).toEqual([1, 0])
    })

    it('case 11: granted again covers what the new grant names, and older rows only where it says so', () => {
      for (const [from, rows] of [
        [START + 8 * DAY, 0],
        [START - DAY, 1],
      ] as const) {
        const story = asked()
        story.state('withdrawn', 'user', 'u', START + 6 * DAY)
        story.state('granted', 'user', 'u', START + 8 * DAY, from)
        expect(count(story, START + 9 * DAY)).toBe(rows)
      }
    })
  })
})

describe('time', () => {
  it('case 12: late feedback that contradicts an acceptance comes in time, within the grace', () => {
    const story = new Story()
    const id = story.ask({ time: START })
    story.say('verdict', id, { author_id: 'u', label: 'accept', time: START + HOUR })
    story.watermark = START + 2 * DAY
    expect(drops(story.curate(only('sft.accept')))).toEqual({ 'join.not_settled': 1 })
    story.say('thumb', id, { author_id: 'u', label: 'down', time: START + 3 * DAY })
    story.watermark = START + 5 * DAY
    expect(drops(story.curate(only('sft.accept')))).toEqual({ 'join.contradictory': 1 })
  })

  it('case 12: a clock in the future wins nothing over what came after it', () => {
    const story = new Story()
    const id = story.ask()
    const ahead = { occurred_at: iso(START + 20 * DAY), received_at: iso(START + HOUR) }
    story.say('correction', id, { author_id: 'u', kept: 'from a clock ahead', time: START + HOUR, ...ahead })
    story.say('correction', id, { author_id: 'u', kept: 'the later word', time: START + 2 * HOUR })
    expect(pairsOf(story.curate(only('edit.final'))).map((row) => row.chosen.content)).toEqual(['the later word'])
  })

  it('case 12: a repeated delivery counts once, and revisions out of order end in the last', () => {
    const story = new Story()
    const id = story.ask()
    const revision = (kept: string, hour: number): void => {
      story.say('correction', id, { author_id: 'u', kept, time: START + hour * HOUR })
    }
    revision('the third revision', 3)
    revision('the first revision', 1)
    revision('the second revision', 2)
    story.feedback.push(...story.feedback.map((row) => ({ ...row, received_at: iso(START + DAY) })))
    story.interactions.push(...story.interactions)
    const set = story.curate(only('edit.final'))
    expect(pairsOf(set).map((row) => row.chosen.content)).toEqual(['the third revision'])
    expect(drops(set)).toEqual({ 'snapshot.superseded': 2 })
  })

  it('case 16: a double click on a thumb is one thumb', () => {
    const story = new Story()
    const id = story.ask()
    for (const label of ['up', 'up']) story.say('thumb', id, { author_id: 'u', label })
    const set = story.curate(only('thumbs.unpaired'))
    expect([set.rows.length, drops(set)]).toEqual([1, { 'snapshot.superseded': 1 }])
  })
})
