import { expect, it } from 'vitest'
import type { CuratedSet } from '../../src/index.js'
import { DAY, START, Story } from '../support.js'

/** Of each kind. On an idle machine each case takes under a second; what looks at all for each takes ten and more. */
const MANY = 12_000
const LIMIT_MS = 6_000

/** Curates a story of so many of something, and checks that it took time in proportion. */
function curatedSoon(story: Story, strategies: string[]): CuratedSet {
  const start = performance.now()
  const set = story.curate({ strategies })
  expect(performance.now() - start).toBeLessThan(LIMIT_MS)
  return set
}

function each(tell: (n: number) => void): void {
  for (let n = 0; n < MANY; n++) tell(n)
}

it.each([
  ['thumbs.pair', 'thumb', { no_liked_sample: 1, merged_with_another_thumb: MANY - 1 }],
  ['thumbs.unpaired', 'thumb', { merged_with_another_thumb: MANY - 1 }],
  ['accept.reject', 'verdict', { no_accepted_sample: 1, merged_with_another_rejection: MANY - 1 }],
] as const)('%s asks one answer once for all that judge it', (strategy, kind, reasons) => {
  const story = new Story()
  const id = story.ask()
  each((n) => story.say(kind, id, { label: kind === 'thumb' ? 'down' : 'reject', author_id: `a${n}` }))
  const set = curatedSoon(story, [strategy])
  expect(set.funnel.find(({ gate }) => gate === 'join')?.dropped).toEqual(reasons)
})

it('joins the corrections of one answer by thousands, each by its author', () => {
  const story = new Story()
  const id = story.ask({ output: 'It leaves on Tuesday, as we said.' })
  each((n) =>
    story.say('correction', id, { author_id: `a${n}`, author_kind: 'expert', kept: `It leaves on day ${n}.` }),
  )
  each((n) => story.say('thumb', id, { label: 'down', author_id: `b${n}`, time: START + DAY / 2 + n }))
  story.say('regenerate', story.ask(), { candidates: JSON.stringify([{ id, choice: 0 }]) })
  const set = curatedSoon(story, ['regenerate.edited'])
  expect(set.funnel.find(({ gate }) => gate === 'construct')?.in).toBe(1)
})

it('resolves thousands of thumbs on one ref, each to the link before it', () => {
  const story = new Story()
  each((n) => {
    const time = START + n * 1000
    story.link(story.ask({ time, user: `u${n}` }), 'document', time + 10)
    story.say('thumb', 'document', { target_kind: 'ref', label: 'down', time: time + 20, author_id: `u${n}` })
  })
  const set = curatedSoon(story, ['thumbs.pair'])
  expect(set.funnel.find(({ gate }) => gate === 'join')?.dropped).toEqual({ no_liked_sample: MANY })
})

it('reads thousands of statements of one subject', () => {
  const story = new Story()
  for (let n = 0; n < 4 * MANY; n++) story.state('granted', 'user', 'u', START + n * 1000)
  story.say('thumb', story.ask(), { label: 'up' })
  expect(curatedSoon(story, ['thumbs.unpaired']).rows).toHaveLength(1)
})
