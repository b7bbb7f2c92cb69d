import { describe, expect, it } from 'vitest'
import { consentBook } from '../../src/index.js'
import { START, Story } from '../support.js'

type Statement = [
  label: 'granted' | 'withdrawn',
  kind: 'user' | 'session' | 'project',
  subject: string,
  at: number,
  from?: number,
]
const grant = (kind: Statement[1], subject: string, at: number, from?: number): Statement =>
  from === undefined ? ['granted', kind, subject, at] : ['granted', kind, subject, at, from]
const withdraw = (kind: Statement[1], subject: string, at: number): Statement => ['withdrawn', kind, subject, at]

// Times are days after START; the row is of user u, session s.
const CASES: [name: string, statements: Statement[], time: number, own: string | undefined, expected: string][] = [
  ['nothing said is not exportable', [], 1, undefined, 'consent_absent'],
  ['its own value grants', [], 1, 'granted', 'row'],
  ['its own value denies, whatever the project grants', [grant('project', 'p1', 0)], 1, 'denied', 'consent_denied'],
  ['a grant covers later rows', [grant('user', 'u', 1)], 2, undefined, 'user'],
  ['a grant does not cover older rows', [grant('user', 'u', 3)], 2, undefined, 'consent_absent'],
  ['a grant that applies from before covers them', [grant('user', 'u', 3, 1)], 2, undefined, 'user'],
  ['a withdrawal blocks older rows', [withdraw('user', 'u', 5)], 1, 'granted', 'consent_withdrawn'],
  ['a withdrawal blocks newer rows', [withdraw('user', 'u', 5)], 9, 'granted', 'consent_withdrawn'],
  ['a withdrawal of the session', [withdraw('session', 's', 5)], 1, 'granted', 'consent_withdrawn'],
  ['a withdrawal of the project', [withdraw('project', 'p1', 5)], 1, 'granted', 'consent_withdrawn'],
  ['somebody else withdrew', [withdraw('user', 'v', 5)], 1, 'granted', 'row'],
  [
    "a project's grant does not lift it",
    [withdraw('user', 'u', 5), grant('project', 'p1', 6, 0)],
    9,
    undefined,
    'consent_withdrawn',
  ],
  ['a later grant lifts it from then on', [withdraw('user', 'u', 5), grant('user', 'u', 6)], 7, undefined, 'user'],
  ['and not before', [withdraw('user', 'u', 5), grant('user', 'u', 6)], 5.5, 'granted', 'consent_withdrawn'],
  [
    'an earlier grant does not lift it',
    [grant('user', 'u', 4), withdraw('user', 'u', 5)],
    9,
    undefined,
    'consent_withdrawn',
  ],
  [
    'at equal time the withdrawal is later',
    [grant('user', 'u', 5, 0), withdraw('user', 'u', 5)],
    9,
    'granted',
    'consent_withdrawn',
  ],
  [
    'granted, withdrawn, granted, withdrawn',
    [grant('user', 'u', 1), withdraw('user', 'u', 2), grant('user', 'u', 3), withdraw('user', 'u', 4)],
    3.5,
    'granted',
    'consent_withdrawn',
  ],
]

const DAY = 86_400_000

describe('consent', () => {
  it.each(CASES)('%s', (_, statements, time, own, expected) => {
    const story = new Story()
    for (const [label, kind, subject, at, from = at] of statements) {
      story.state(label, kind, subject, START + at * DAY, START + from * DAY)
    }
    for (const consents of [story.consents, [...story.consents].reverse()]) {
      const book = consentBook({ ...story.evidence(), consents }, 'train')
      const verdict = book.decide({ user: 'u', session: 's', time: START + time * DAY, own })
      expect(verdict.isGranted ? verdict.by : verdict.reason).toBe(expected)
    }
  })

  it('does not see what was received after the cut-off', () => {
    const story = new Story()
    story.state('withdrawn', 'user', 'u', START + 5 * DAY)
    const book = consentBook({ ...story.evidence(), cutoff: new Date(START + 4 * DAY).toISOString() }, 'train')
    expect(book.decide({ user: 'u', session: '', time: START, own: 'granted' }).isGranted).toBe(true)
  })

  it('lets an agent answer for their own corrections from then on, and withdraw them', () => {
    const story = new Story()
    const id = story.ask({ user: 'customer', session: 's' })
    const by = (author_kind: string, time: number) => {
      story.say('correction', id, { author_id: 'agent-7', author_kind, time })
      const verdict = consentBook(story.evidence(), 'train').ofFeedback(story.feedback.at(-1)!, story.interactions[0])
      return verdict.isGranted ? verdict.by : `author_${verdict.reason}`
    }
    expect([by('end_user', START + DAY), by('expert', START + DAY)]).toEqual(['author_consent_absent', 'row'])
    story.state('granted', 'user', 'agent-7', START + 2 * DAY)
    expect([by('end_user', START + DAY), by('end_user', START + 3 * DAY)]).toEqual(['author_consent_absent', 'user'])
    story.state('withdrawn', 'user', 'agent-7', START + 4 * DAY)
    expect(by('end_user', START + 3 * DAY)).toBe('author_consent_withdrawn')
    story.state('granted', 'project', 'p1', START + 5 * DAY, START)
    expect(by('end_user', START + 3 * DAY)).toBe('author_consent_withdrawn')
  })

  it('asks other people for their own consent, and experts for the project’s', () => {
    const story = new Story()
    const id = story.ask({ user: 'u', session: 's' })
    const by = (author_id: string, author_kind = 'end_user') => {
      story.say('correction', id, { author_id, author_kind })
      const verdict = consentBook(story.evidence(), 'train').ofFeedback(story.feedback.at(-1)!, story.interactions[0])
      return verdict.isGranted ? verdict.by : verdict.reason
    }
    expect([by('u'), by(''), by('v'), by('e', 'expert')]).toEqual(['row', 'row', 'consent_absent', 'row'])
    story.state('withdrawn', 'user', 'e', START + 9 * DAY)
    expect(by('e', 'expert')).toBe('consent_withdrawn')
    story.state('granted', 'project', 'p1', START - DAY)
    expect(by('v')).toBe('project')
  })

  it('asks nobody for a review that only judges, and whoever wrote a text into one', () => {
    const story = new Story()
    const id = story.ask({ user: 'u' })
    for (const kept of ['', 'a text of their own']) story.say('review', id, { author_id: 'v', label: 'edit', kept })
    const book = consentBook(story.evidence(), 'train')
    expect(story.feedback.map((row) => book.ofFeedback(row, story.interactions[0]))).toEqual([
      { isGranted: true, by: 'no_text' },
      { isGranted: false, reason: 'consent_absent' },
    ])
  })
})
