import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CuratedSet, curate, type RecipeInput, recipeSchema } from '../../src/index.js'
import { words } from '../near/words.js'
import { drops, ports, Story } from '../support.js'

const ASKED = 'Summarise the document.'
const RECIPE: RecipeInput = { strategies: ['edit.final'], split: { validation: 0.3 } }
const INSTRUCTIONS = words(1, 200).join(' ')
const documentOf = (n: number, length = 120): string => words(1000 + n, length).join(' ')

/** One correction by each of many people, each with a prompt and a system prompt. */
function storyOf(rows: readonly { prompt: string; system?: string | undefined }[]): Story {
  const story = new Story()
  rows.forEach(({ prompt, system }, n) => {
    const id = story.ask({
      user: `u${n}`,
      session: `s${n}`,
      output: `The answer number ${n} as served.`,
      prompt,
      ...(system === undefined ? {} : { system }),
    })
    story.say('correction', id, { author_id: `u${n}`, kept: `It was corrected by hand, number ${n}.` })
  })
  return story
}

const curated = (rows: readonly { prompt: string; system?: string | undefined }[]): CuratedSet =>
  storyOf(rows).curate(RECIPE)
const systemOf = ({ prompt }: CuratedSet['rows'][number]): string => prompt[0]!.content
const count = (count: number) => Array.from({ length: count }, (_, n) => n)
const sizeOf = (values: readonly unknown[]): number => new Set(values).size

describe('documents in the system prompt', () => {
  it('tell rows of one short question apart: 400 documents keep 400 rows, on both sides of the split', () => {
    const set = curated(count(400).map((n) => ({ prompt: ASKED, system: `${INSTRUCTIONS}\n\n${documentOf(n)}` })))
    expect(drops(set)).toEqual({})
    expect(set.rows).toHaveLength(400)
    expect(sizeOf(set.rows.map(({ meta }) => meta.component))).toBe(400)
    expect(sizeOf(set.rows.map(({ meta }) => meta.cluster))).toBe(400)
    expect(sizeOf(set.rows.map(({ meta }) => meta.split))).toBe(2)
  })

  it('of two people are on one side of the split, whatever is asked of them and with whatever date', () => {
    const asked = [ASKED, 'List the key points.']
    const set = curated(
      count(80).map((n) => ({
        prompt: asked[n % 2]!,
        system: `Today is ${n % 7} May ${n % 3}. ${INSTRUCTIONS} ${documentOf(n >> 1)}`,
      })),
    )
    expect(set.rows).toHaveLength(80)
    for (const n of count(40)) {
      const rows = set.rows.filter((row) => systemOf(row).includes(documentOf(n)))
      expect(rows).toHaveLength(2)
      expect(sizeOf(rows.map(({ meta }) => meta.component))).toBe(1)
    }
    expect(sizeOf(set.rows.map(({ meta }) => meta.component))).toBe(40)
    expect(set.leaking_members).toBe(0)
  })

  it('that the same is asked of again and again leave a few rows each, which caps count by the document', () => {
    const rows = count(60).map((n) => ({ prompt: ASKED, system: `${INSTRUCTIONS} ${documentOf(n % 3)} Number ${n}.` }))
    const set = curated(rows)
    expect(drops(set)).toEqual({ 'near_duplicates.near_duplicate': 45 })
    expect(sizeOf(set.rows.map(({ meta }) => meta.near_duplicates))).toBe(3)
    const capped = storyOf(rows).curate({ ...RECIPE, caps: { prompt: { share: 0.1, rows: 2 } } } as RecipeInput)
    expect(capped.rows).toHaveLength(6)
  })

  it('shorter than what a user pasted do not tell apart what two pasted', () => {
    const pasted = words(7, 80).join(' ')
    const set = curated(count(4).map((n) => ({ prompt: pasted, system: documentOf(n, 60) })))
    expect(sizeOf(set.rows.map(({ meta }) => meta.component))).toBe(1)
    expect(sizeOf(set.rows.map(({ meta }) => meta.near_duplicates))).toBe(1)
  })

  it('are the same rows on the same sides in every order of the evidence', () => {
    const story = storyOf([
      ...count(12).map((n) => ({ prompt: ASKED, system: `${INSTRUCTIONS} ${documentOf(n % 8)}` })),
      ...count(12).map((n) => ({ prompt: `Where is parcel ${n}?`, system: `${INSTRUCTIONS} Be kind.` })),
      { prompt: ASKED },
    ])
    const evidence = story.evidence()
    const recipe = recipeSchema.parse(RECIPE)
    const expected = curate(evidence, recipe, ports)
    expect(sizeOf(expected.rows.map(({ meta }) => meta.component))).toBe(8 + 12 + 1)
    fc.assert(
      fc.property(fc.shuffledSubarray(evidence.feedback, { minLength: evidence.feedback.length }), (feedback) => {
        const again = curate(
          { ...evidence, feedback, interactions: [...evidence.interactions].reverse() },
          recipe,
          ports,
        )
        expect(again.rows).toEqual(expected.rows)
        expect(again.assignments).toEqual(expected.assignments)
      }),
      { numRuns: 15 },
    )
  })
})

describe('a template as the system prompt', () => {
  it('shared by 400 different questions joins nothing and costs nothing', () => {
    const set = curated(count(400).map((n) => ({ prompt: words(2000 + n, 12).join(' '), system: INSTRUCTIONS })))
    expect(drops(set)).toEqual({})
    expect(sizeOf(set.rows.map(({ meta }) => meta.component))).toBe(400)
  })

  it.each([
    ['long', INSTRUCTIONS],
    ['short', 'You are the assistant of a shop.'],
  ])('that is %s and differs in a date and in names does not make one question many', (_, template) => {
    const set = curated(
      count(100).map((n) => ({
        prompt: 'How do I reset my password?',
        system: `Today is 2026-01-${n}. The customer is Name${n} Surname${n % 9}. ${template} Greet Name${n}.`,
      })),
    )
    expect(drops(set)).toEqual({ 'near_duplicates.near_duplicate': 95 })
    expect(sizeOf(set.rows.map(({ meta }) => meta.component))).toBe(1)
  })

  it('of two products does not tell apart what is asked of both', () => {
    const products = [words(1, 150).join(' '), words(2, 150).join(' ')]
    const set = curated(count(60).map((n) => ({ prompt: `Question ${n >> 1}?`, system: products[n % 2] })))
    expect(set.rows).toHaveLength(60)
    expect(sizeOf(set.rows.map(({ meta }) => meta.component))).toBe(30)
  })
})

describe('splits of earlier exports', () => {
  const recipe = recipeSchema.parse(RECIPE)
  const rows = count(40).map((n) => ({ prompt: ASKED, system: `${INSTRUCTIONS} ${documentOf(n)}` }))
  const following = (set: CuratedSet) => {
    const splits = new Map(set.assignments.map(({ member, split }) => [member, split]))
    return { ...ports, assigned: (member: string) => splits.get(member) }
  }

  it('stay when further documents, and others who ask of the old ones, arrive', () => {
    const story = storyOf(rows)
    const first = curate(story.evidence(), recipe, ports)
    const had = new Map(first.rows.map(({ meta, ...row }) => [systemOf({ meta, ...row }), meta.split]))
    expect(sizeOf([...had.values()])).toBe(2)
    for (const n of count(80)) {
      const user = `later${n}`
      const id = story.ask({ user, session: user, prompt: ASKED, system: `${INSTRUCTIONS} ${documentOf(n)}` })
      story.say('correction', id, { author_id: user, kept: `It was corrected later, number ${n}.` })
    }
    const next = curate(story.evidence(), recipe, following(first))
    expect(next.rows).toHaveLength(120)
    expect(next.leaking_members).toBe(0)
    for (const row of next.rows) expect(row.meta.split).toBe(had.get(systemOf(row)) ?? row.meta.split)
  })

  it('hold a question together that an earlier export held together, and all its rows', () => {
    const joined = curate(storyOf([{ prompt: ASKED }]).evidence(), recipe, ports)
    const held = new Map(joined.assignments.map(({ member }) => [member, 'validation']))
    const set = curate(storyOf(rows).evidence(), recipe, { ...ports, assigned: (member) => held.get(member) })
    expect(set.rows).toHaveLength(40)
    expect(sizeOf(set.rows.map(({ meta }) => meta.component))).toBe(1)
    expect(set.rows.every(({ meta }) => meta.split === 'validation')).toBe(true)
  })

  it('lose what would cross where a document turns out to be a template, and put nothing on both sides', () => {
    const half = recipeSchema.parse({ ...RECIPE, split: { validation: 0.5 } })
    const story = storyOf(rows.slice(0, 12))
    const first = curate(story.evidence(), half, ports)
    const trained = first.rows.filter(({ meta }) => meta.split === 'train').length
    expect(trained % 12).toBeGreaterThan(0)
    for (const n of count(12 * 15)) {
      const user = `later${n}`
      const id = story.ask({
        user,
        session: user,
        prompt: `Where is ${Math.floor(n / 12)}?`,
        system: rows[n % 12]!.system!,
      })
      story.say('correction', id, { author_id: user, kept: `It was corrected later, number ${n}.` })
    }
    const all = { ...half, near_duplicates: { ...half.near_duplicates, keep: 1000 } }
    const next = curate(story.evidence(), all, following(first))
    expect(drops(next)).toEqual({ 'split.split_conflict': trained })
    expect(next.leaking_members).toBe(0)
  })
})
