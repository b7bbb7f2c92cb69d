import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ChainRow,
  type CuratedRow,
  type CuratedSet,
  curate,
  type Delta,
  deltaOf,
  deltaSet,
  recipeSchema,
} from '../../src/index.js'
import { DAY, HOUR, iso, ports, START, Story } from '../support.js'

const recipe = recipeSchema.parse({
  mode: 'delta',
  settling: { draft_ms: HOUR, late_feedback_ms: HOUR },
  split: { validation: 0 },
})

/** What a receiver has: each row by shape and id, with what it says. */
type Held = Map<string, string>
const keyOf = (row: CuratedRow): string => `${row.shape}/${row.meta.row_id}`
const saidBy = ({ prompt, tools, chosen, rejected, label, meta }: CuratedRow): string =>
  JSON.stringify({ prompt, tools, chosen, rejected, label, weight: meta.weight })
const heldOf = (set: Pick<CuratedSet, 'rows'>): Held => new Map(set.rows.map((row) => [keyOf(row), saidBy(row)]))

/** What a receiver does with a delta, as its card says. */
function apply(held: Held, { rows, supersedes }: Delta): Held {
  const next = new Map(held)
  for (const { shape, row_id } of supersedes) {
    if (!next.delete(`${shape}/${row_id}`)) throw new Error(`${row_id} was never given out`)
  }
  for (const row of rows) {
    if (next.has(keyOf(row))) throw new Error(`${row.meta.row_id} was given out twice`)
    next.set(keyOf(row), saidBy(row))
  }
  return next
}

function answersOf(story: Story): (row: CuratedRow) => string[] {
  const ids = new Set(story.interactions.map(({ id }) => id))
  return ({ event_ids }) => event_ids.filter((id) => ids.has(id)).map((id) => ports.rowId([id]))
}

function setAt(story: Story, time: number): CuratedSet {
  return curate({ ...story.evidence(), watermark: iso(time), cutoff: iso(time) }, recipe, ports)
}

function step(story: Story, time: number, before: readonly ChainRow[], isReadable = (_: string) => true): Delta {
  return deltaOf(setAt(story, time), before, answersOf(story), isReadable)
}

/** Ten days of people who correct, correct again, take back, thumb both ways and withdraw. */
function changing(size: number): Story {
  const story = new Story()
  for (let n = 0; n < size; n++) {
    const user = `u${n % 7}`
    const time = START + n * 3 * HOUR
    const id = story.ask({
      time,
      user,
      session: `s${n % 11}`,
      prompt: `Question ${n}?`,
      output: `Answer ${n} of five.`,
    })
    const later = (hours: number): number => time + hours * HOUR + n
    if (n % 2 === 0)
      story.say('correction', id, { time: later(2), author_id: user, kept: `Corrected ${n}, in more words.` })
    if (n % 4 === 0)
      story.say('correction', id, { time: later(40), author_id: user, kept: `Corrected ${n}, once more and better.` })
    if (n % 3 === 0) story.say('thumb', id, { time: later(5), author_id: user, label: n % 6 === 0 ? 'up' : 'down' })
    if (n % 9 === 0) story.say('thumb', id, { time: later(70), author_id: user, label: n % 6 === 0 ? 'down' : 'up' })
    if (n % 10 === 0) {
      const edit = story.say('correction', id, {
        time: later(3),
        author_id: `v${n}`,
        kept: `No, it is ${n}, they say.`,
      })
      story.say('correction', id, { time: later(60), author_id: `v${n}`, retracts: edit })
    }
  }
  story.state('withdrawn', 'user', 'u4', START + 6 * DAY)
  return story
}

describe('a chain of deltas', () => {
  it('less what it supersedes is the full set, wherever it is cut', () => {
    const story = changing(60)
    const END = 14 * 24
    const full = heldOf(setAt(story, START + END * HOUR))
    expect(full.size).toBeGreaterThan(40)
    const reasons = new Set<string>()
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: END - 1 }), { maxLength: 6 }), (cuts) => {
        let held: Held = new Map()
        let chain: readonly ChainRow[] = []
        for (const hours of [...cuts.sort((a, b) => a - b), END]) {
          const delta = step(story, START + hours * HOUR, chain)
          held = apply(held, delta)
          chain = delta.chain
          for (const { reason } of delta.supersedes) reasons.add(reason)
        }
        expect(new Map([...held].sort())).toEqual(new Map([...full].sort()))
      }),
      { numRuns: 30 },
    )
    expect([...reasons].sort()).toEqual(expect.arrayContaining(['replaced', 'retracted']))
  }, 60_000)

  it('names the row that stands in the place of a corrected correction, and none where it was taken back', () => {
    const story = new Story()
    const [kept, gone] = [story.ask({ user: 'a', prompt: 'One?' }), story.ask({ user: 'b', prompt: 'Two?' })]
    const time = START + HOUR
    story.say('correction', kept, { time, author_id: 'a', kept: 'It comes on Friday, says the carrier.' })
    const edit = story.say('correction', gone, { time, author_id: 'b', kept: 'It is lost, we send another.' })
    const first = step(story, START + DAY, [])
    expect(first.supersedes).toEqual([])
    story.say('correction', kept, {
      time: START + 2 * DAY,
      author_id: 'a',
      kept: 'It comes on Saturday, says the carrier.',
    })
    story.say('correction', gone, { time: START + 2 * DAY, author_id: 'b', retracts: edit })
    const second = step(story, START + 3 * DAY, first.chain)
    const old = (id: string, shape: string): string =>
      first.rows.find((row) => row.shape === shape && row.event_ids.includes(id))?.meta.row_id ?? ''
    const now = second.rows.find((row) => row.shape === 'preference')
    expect(now?.chosen.content).toContain('Saturday')
    const pairs = second.supersedes.filter(({ shape }) => shape === 'preference')
    expect(new Map(pairs.map(({ row_id, by, reason }) => [row_id, [by, reason]]))).toEqual(
      new Map([
        [old(kept, 'preference'), [now?.meta.row_id, 'replaced']],
        [old(gone, 'preference'), [null, 'retracted']],
      ]),
    )
  })

  it('says nothing of a row whose answer the snapshot no longer holds, and forgets it', () => {
    const story = new Story()
    const id = story.ask({ user: 'a' })
    story.say('correction', id, { time: START + HOUR, author_id: 'a', kept: 'It comes on Friday, says the carrier.' })
    const first = step(story, START + DAY, [])
    expect(first.chain.length).toBeGreaterThan(0)
    const empty = new Story()
    expect(step(empty, START + 2 * DAY, first.chain, () => false)).toMatchObject({
      rows: [],
      supersedes: [],
      chain: [],
    })
    expect(step(empty, START + 2 * DAY, first.chain).supersedes).toHaveLength(first.chain.length)
  })

  it('gives a row out again whose words changed under its id, and counts its own rows alone', () => {
    const story = changing(12)
    const whole = setAt(story, START + 5 * DAY)
    const { chain } = deltaOf(whole, [], answersOf(story), () => true)
    const changed = chain.map((row, n) => (n === 0 ? { ...row, content: '0'.repeat(64) } : row))
    const delta = deltaOf(whole, changed, answersOf(story), () => true)
    const { row_id, shape } = chain[0] as ChainRow
    expect(delta.supersedes).toEqual([{ row_id, shape, by: row_id, reason: 'changed' }])
    const set = deltaSet(whole, delta)
    expect(set.rows.map(keyOf)).toEqual([`${shape}/${row_id}`])
    expect(set.strategies.reduce((sum, { kept }) => sum + kept, 0)).toBe(1)
    const taken = whole.rows.length - 1
    expect(set.funnel.at(-1)).toEqual({ gate: 'delta', in: taken + 1, out: 1, dropped: { exported_before: taken } })
  })
})
