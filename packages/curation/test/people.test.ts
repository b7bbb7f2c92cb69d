import { describe, expect, it } from 'vitest'
import { peopleOf } from '../src/people.js'
import { START, Story } from './support.js'

/** 60 answers to strangers, each corrected by one visitor of a page whom the host knows by a session alone. */
function correctedByAVisitor(author: { author_id?: string; author_kind?: '' | 'end_user' | 'expert' }): Story {
  const story = new Story()
  story.state('granted', 'session', 'visit', START)
  for (let n = 0; n < 60; n++) {
    const id = story.ask({ user: '', prompt: `Where is parcel ${n}?`, output: `It left our house on day ${n}.` })
    story.say('correction', id, { session_id: 'visit', kept: `Parcel ${n} is still here, it leaves today.`, ...author })
  }
  return story
}
const halves = { strategies: ['edit.final'], split: { validation: 0.5 } }

describe('a person whom only a session names', () => {
  it.each(['', 'end_user'] as const)('stands on one side of the split, as an author of kind "%s"', (author_kind) => {
    const set = correctedByAVisitor({ author_kind }).curate(halves)
    expect(set.rows).toHaveLength(60)
    expect(new Set(set.rows.map(({ meta }) => meta.split)).size).toBe(1)
    expect(set.rows_per_user).toEqual([60])
  })

  it('is held to the cap of a person', () => {
    const story = correctedByAVisitor({})
    for (let n = 0; n < 60; n++) {
      const id = story.ask({ user: `u${n}`, output: `It left our town on day ${n}.` })
      story.say('correction', id, { author_id: `u${n}`, kept: `Parcel ${n} is still there, it leaves today.` })
    }
    const set = story.curate({ strategies: ['edit.final'], caps: { user: { share: 0.25, rows: 5 } } })
    expect(set.rows_per_user[0]).toBe(20)
    expect(set.funnel.find(({ gate }) => gate === 'caps')?.dropped).toEqual({ user_cap: 40 })
  })

  it('does not join everything as an expert, and is left aside where a user is known', () => {
    const set = correctedByAVisitor({ author_kind: 'expert' }).curate(halves)
    expect(new Set(set.rows.map(({ meta }) => meta.split)).size).toBe(2)
    expect(peopleOf({ members: ['cluster:c', 'session:s', 'user:u'] })).toEqual(['user:u'])
    expect(peopleOf({ members: ['cluster:c', 'session:s'] })).toEqual(['session:s'])
  })
})
