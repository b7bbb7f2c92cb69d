import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FeedbackRow, type FeedbackState, feedbackState, resolveTargets } from '../../src/index.js'
import { START, Story, uuid } from '../support.js'

function fates(story: Story, rows: FeedbackRow[] = story.feedback): Record<string, string> {
  const states = feedbackState(rows, resolveTargets(story.evidence()))
  return Object.fromEntries(states.map((state: FeedbackState) => [state.row.id, state.fate]))
}

describe('feedbackState', () => {
  it('keeps the latest value, signed over public and committed over draft', () => {
    const story = new Story()
    const a = story.ask()
    const draft = story.say('correction', a, { author_id: 'u', kept: 'late draft', stage: 'draft', time: START + 9000 })
    const early = story.say('correction', a, { author_id: 'u', kept: 'early', time: START + 1000 })
    const late = story.say('correction', a, { author_id: 'u', kept: 'late', time: START + 2000 })
    const open = story.say('correction', a, { author_id: 'u', kept: 'x', time: START + 8000, trust: 'public' })
    expect(fates(story)).toEqual({ [draft]: 'superseded', [early]: 'superseded', [late]: 'live', [open]: 'superseded' })
  })

  it('clamps a clock in the future to the receipt', () => {
    const story = new Story()
    const a = story.ask()
    const future = story.say('thumb', a, { author_id: 'u', label: 'up', time: START + 1000 })
    story.feedback[0]!.occurred_at = '2031-01-01T00:00:00.000Z'
    const later = story.say('thumb', a, { author_id: 'u', label: 'down', time: START + 5000 })
    expect(fates(story)).toEqual({ [future]: 'superseded', [later]: 'live' })
  })

  it('does not bring back earlier values when the last one is retracted', () => {
    const story = new Story()
    const a = story.ask()
    const first = story.say('thumb', a, { author_id: 'u', label: 'up', time: START + 1000 })
    const second = story.say('thumb', a, { author_id: 'u', label: 'down', time: START + 2000 })
    const end = story.say('thumb', a, { author_id: 'u', retracts: second, time: START + 3000 })
    expect(fates(story)).toEqual({ [first]: 'retracted', [second]: 'retracted', [end]: 'retraction' })
  })

  it('leaves a value that is later than the retracted one', () => {
    const story = new Story()
    const a = story.ask()
    const first = story.say('thumb', a, { author_id: 'u', label: 'up', time: START + 1000 })
    const second = story.say('thumb', a, { author_id: 'u', label: 'down', time: START + 2000 })
    const end = story.say('thumb', a, { author_id: 'u', retracts: first, time: START + 3000 })
    expect(fates(story)).toEqual({ [first]: 'retracted', [second]: 'live', [end]: 'retraction' })
  })

  it('lets nobody retract what another signed', () => {
    const story = new Story()
    const a = story.ask()
    const signed = story.say('thumb', a, { author_id: 'u', label: 'up', time: START + 1000 })
    story.say('thumb', a, { author_id: 'u', retracts: signed, time: START + 2000, trust: 'public' })
    story.say('thumb', a, { author_id: 'mallory', retracts: signed, time: START + 3000 })
    expect(fates(story)[signed]).toBe('live')
  })

  it('lets a draft yield to the signed commit of another author', () => {
    const story = new Story()
    const a = story.ask()
    const draft = story.say('correction', a, { author_id: 'u', kept: 'x', stage: 'draft', time: START + 9000 })
    const commit = story.say('correction', a, { author_id: 'agent', kept: 'y', time: START + 1000 })
    expect(fates(story)).toEqual({ [draft]: 'yields_to_commit', [commit]: 'live' })
  })

  it('counts copies and comments each by itself', () => {
    const story = new Story()
    const a = story.ask()
    for (const time of [1, 2, 3]) story.say('copy', a, { author_id: 'u', time: START + time })
    expect(Object.values(fates(story))).toEqual(['live', 'live', 'live'])
  })

  it('is one state for every order and repetition of arrival', () => {
    const event = fc.record({
      n: fc.integer({ min: 0, max: 30 }),
      author_id: fc.constantFrom('', 'u', 'v'),
      session_id: fc.constantFrom('', 's'),
      kind: fc.constantFrom('thumb' as const, 'correction' as const, 'copy' as const),
      stage: fc.constantFrom('draft' as const, 'committed' as const),
      field: fc.constantFrom('', '/a'),
      trust: fc.constantFrom('server' as const, 'ticket' as const, 'public' as const),
      retracts: fc.option(fc.integer({ min: 0, max: 30 }), { nil: null }),
      skew: fc.integer({ min: -5000, max: 5000 }),
      label: fc.constantFrom('up', 'down'),
    })
    const events = fc.uniqueArray(event, { selector: ({ n }) => n, maxLength: 14 })
    const arrivals = events.chain((list) =>
      fc.tuple(
        fc.constant(list),
        fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
        fc.subarray(list),
      ),
    )
    const idOf = (n: number): string => uuid(START + n * 1000, n)
    fc.assert(
      fc.property(arrivals, ([list, shuffled, again]) => {
        const story = new Story()
        const target = story.ask({ id: uuid(START - 1000, 999), time: START - 1000 })
        const rows = new Map<number, FeedbackRow>()
        for (const { n, retracts, skew, kind, ...fields } of list) {
          const time = START + n * 1000
          const id = idOf(n)
          story.say(kind, target, { ...fields, id, time, retracts: retracts === null ? null : idOf(retracts) })
          const row = story.feedback.at(-1)!
          row.occurred_at = new Date(time + skew).toISOString()
          rows.set(n, row)
        }
        const repeats = again.map(({ n }) => ({ ...rows.get(n)!, received_at: '2027-01-01T00:00:00.000Z', label: 'x' }))
        const arrived = [...repeats, ...shuffled.map(({ n }) => rows.get(n)!)]
        expect(fates(story, arrived)).toEqual(fates(story))
        const state = feedbackState(arrived, resolveTargets(story.evidence()))
        // The first arrival's body, whatever a later one says under the same id.
        expect(state.map(({ row }) => row)).toEqual(
          state.map(({ row }) => story.feedback.find(({ id }) => id === row.id)),
        )
        const live = state.filter(({ fate }) => fate === 'live')
        expect(new Set(live.map(({ identity }) => identity)).size).toBe(live.length)
      }),
      { numRuns: 300 },
    )
  })
})
