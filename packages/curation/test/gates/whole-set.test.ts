import { describe, expect, it } from 'vitest'
import {
  type CuratedSet,
  curate,
  datasetCard,
  type Evidence,
  evaluationIndex,
  exportId,
  inputsOf,
  type RecipeInput,
  recipeSchema,
  snapshotOf,
} from '../../src/index.js'
import { words } from '../near/words.js'
import { manifestOf, renderShards, verifyShards } from '../rendered.js'
import { drops, pairsOf, ports, Story } from '../support.js'

const TEMPLATE = words(1, 200).join(' ')

/** One correction of one answer to a prompt, by its user. */
function corrected(story: Story, n: number, asked: Parameters<Story['ask']>[0]): string {
  const id = story.ask({ user: `u${n}`, session: `s${n}`, output: `The answer number ${n} as served.`, ...asked })
  story.say('correction', id, { author_id: asked?.user ?? `u${n}`, kept: `It was corrected by hand, number ${n}.` })
  return id
}

const byPrompt = (set: CuratedSet, part: string) =>
  pairsOf(set).filter((row) => row.prompt.some(({ content }) => content.includes(part)))

describe('case 19', () => {
  it('one user with 60% of the rows keeps a quarter of the set', () => {
    const story = new Story()
    for (let n = 0; n < 60; n++) corrected(story, n, { user: 'busy' })
    for (let n = 60; n < 100; n++) corrected(story, n, {})
    const recipe = { strategies: ['edit.final'], caps: { user: { share: 0.25, rows: 5 } } } as RecipeInput
    const set = story.curate(recipe)
    expect(drops(set)).toEqual({ 'caps.user_cap': 47 })
    expect(set.rows_per_user[0]).toBe(13)
  })

  it('templated prompts that share a long prefix but not the document all stay, each in a component of its own', () => {
    const story = new Story()
    for (let n = 0; n < 20; n++) corrected(story, n, { prompt: `${TEMPLATE} ${words(100 + n, 30).join(' ')}` })
    const set = story.curate({ strategies: ['edit.final'] })
    expect(drops(set)).toEqual({})
    expect(new Set(set.rows.map(({ meta }) => meta.component)).size).toBe(20)
  })

  it('prompts of one template that differ in a name alone all stay', () => {
    const story = new Story()
    for (let n = 0; n < 40; n++) corrected(story, n, { prompt: `${TEMPLATE} Product: name${n} kind${n}` })
    const set = story.curate({ strategies: ['edit.final'] })
    expect(drops(set)).toEqual({})
    expect(set.rows).toHaveLength(40)
  })
})

describe('case 20', () => {
  it('one document pasted by two users is on one side of the split, and leaves a few rows', () => {
    const story = new Story()
    for (let n = 0; n < 40; n++) {
      const document = words(50 + (n >> 1), 80).join(' ')
      corrected(story, n, { prompt: n % 2 === 0 ? document : `${document} Please shorten this.` })
    }
    const set = story.curate({ strategies: ['edit.final'], split: { validation: 0.5 } })
    expect(new Set(set.rows.map(({ meta }) => meta.split)).size).toBe(2)
    for (let n = 0; n < 20; n++) {
      const rows = byPrompt(set, words(50 + n, 80).join(' '))
      expect(rows).toHaveLength(2)
      expect(new Set(rows.map(({ meta }) => meta.split)).size).toBe(1)
      expect(new Set(rows.map(({ meta }) => meta.near_duplicates)).size).toBe(1)
    }
    const few = story.curate({ strategies: ['edit.final'], near_duplicates: { keep: 1 } })
    expect(drops(few)).toEqual({ 'near_duplicates.near_duplicate': 20 })
  })

  it('a shared system prompt does not join everything', () => {
    // Fewer than make a template: only leaving the system prompt out keeps them apart.
    const story = new Story()
    for (let n = 0; n < 8; n++) corrected(story, n, { system: TEMPLATE, prompt: words(100 + n, 12).join(' ') })
    const set = story.curate({ strategies: ['edit.final'] })
    expect(set.rows).toHaveLength(8)
    expect(new Set(set.rows.map(({ meta }) => meta.component)).size).toBe(8)
    expect(set.rows.every(({ meta }) => meta.near_duplicates === null)).toBe(true)
  })

  it('the card warns where prompts that are alike cost more than half of the rows', () => {
    const cardOf = (prompts: number): string => {
      const story = new Story()
      for (let n = 0; n < 12; n++) corrected(story, n, { prompt: `Draft a reply to ${n % prompts}.` })
      const recipe = recipeSchema.parse({ strategies: ['edit.final'], near_duplicates: { keep: 5 } })
      const evidence = story.evidence()
      const set = curate(evidence, recipe, ports)
      const { watermark, cutoff } = evidence
      const identity = { watermark, cutoff, inputs: inputsOf(snapshotOf(evidence)), recipe, parent: null }
      return datasetCard(manifestOf('0', identity, set, [], []), [])
    }
    expect(cardOf(1)).toContain('`near_duplicates` took 58.3% of its rows')
    expect(cardOf(12)).not.toContain('since their prompts are alike')
  })

  it('a near-duplicate of what an earlier export held out stays on its side, and leaves where its user is on the other', () => {
    const document = words(7, 80).join(' ')
    const story = new Story()
    corrected(story, 1, { prompt: document })
    const recipe = recipeSchema.parse({ strategies: ['edit.final'], split: { validation: 0 } })
    const first = curate(story.evidence(), recipe, ports)
    const splits = new Map(first.assignments.map(({ member }) => [member, 'validation']))
    splits.set(ports.rowId(['user:u3']), 'train')
    corrected(story, 2, { prompt: `${document} And make it short.` })
    corrected(story, 3, { prompt: `${document} Or in French.` })
    const next = curate(story.evidence(), recipe, { ...ports, assigned: (member) => splits.get(member) })
    expect(next.rows.map(({ meta }) => meta.split)).toEqual(['validation', 'validation'])
    expect(drops(next)).toEqual({ 'split.split_conflict': 1 })
    expect(next.leaking_members).toBe(0)
  })
})

describe('case 24', () => {
  const question = words(3, 40).join(' ')
  const evidence = ((): Evidence => {
    const made = new Story()
    for (let n = 0; n < 10; n++)
      corrected(made, n, { prompt: `Question of user ${n}: ${words(200 + n, 20).join(' ')}` })
    corrected(made, 50, { prompt: `I found this online, please answer: ${question}` })
    const id = made.ask({ prompt: 'Say it again.' })
    made.say('correction', id, { author_id: 'u', kept: `As it is written: ${question}` })
    return made.evidence()
  })()
  const recipe = recipeSchema.parse({ strategies: ['edit.final'], decontaminate: { sets: ['exam'] } })
  const evaluation = evaluationIndex([{ name: 'exam', items: [question, words(4, 40).join(' '), 'No.'] }], 0.5)

  it('an evaluation item pasted by a user is not trained on, in the prompt or in what they kept', async () => {
    const set = curate(evidence, recipe, { ...ports, evaluation })
    expect(set.rows).toHaveLength(10)
    expect(drops(set)).toEqual({ 'decontamination.evaluation_set.exam': 2 })
    expect(set.contamination).toEqual([{ set: 'exam', items: 3, too_short: 1, rows: 2 }])
    const { files, layouts } = await renderShards(set, recipe)
    const inputs = inputsOf(snapshotOf(evidence))
    const { watermark, cutoff } = evidence
    const identity = { watermark, cutoff, inputs, recipe, parent: null, evaluation_sets: ['exam:00'] }
    const manifest = manifestOf('0', identity, set, files, layouts)
    expect(manifest.contamination).toEqual({ sets: set.contamination, hashes: ['exam:00'] })
    expect(datasetCard(manifest, layouts)).toContain('| exam | 3 | 1 | 2 |')
  })

  it('an evaluation set registered after an export makes another export, without the rows', () => {
    const { watermark, cutoff } = evidence
    const inputs = inputsOf(snapshotOf(evidence))
    const plain = recipeSchema.parse({ strategies: ['edit.final'] })
    const before = curate(evidence, plain, ports)
    const id = (each: typeof recipe, hashes: string[]): string =>
      exportId({ watermark, cutoff, inputs, recipe: each, parent: null, evaluation_sets: hashes })
    expect(before.rows).toHaveLength(12)
    // Also where the recipe stays and the set's file changes.
    expect(new Set([id(plain, []), id(recipe, ['exam:1']), id(recipe, ['exam:2'])]).size).toBe(3)
    const assigned = new Map(before.assignments.map(({ member, split }) => [member, split]))
    const after = curate(evidence, recipe, {
      ...ports,
      evaluation,
      assigned: (member) => assigned.get(member),
    })
    const had = new Map(before.rows.map(({ meta }) => [meta.row_id, meta.split]))
    expect(after.rows.map(({ meta }) => meta.split)).toEqual(after.rows.map(({ meta }) => had.get(meta.row_id)))
    expect(after.rows).toHaveLength(10)
  })

  it('a set that nobody prepared is refused, not taken for an empty one', () => {
    expect(() => curate(evidence, recipe, ports)).toThrow('exam')
  })
})

describe('the evaluation hold-out', () => {
  const recipe = recipeSchema.parse({
    strategies: ['edit.final'],
    evaluation: { share: 0.3 },
    split: { validation: 0.2 },
  })
  const evidence = ((): Evidence => {
    const made = new Story()
    for (let n = 0; n < 80; n++) corrected(made, n, { user: `u${n >> 1}`, session: `s${n}`, prompt: `Of parcel ${n}?` })
    return made.evidence()
  })()

  it('holds whole people and sessions out, in files that no trainer reads', async () => {
    const set = curate(evidence, recipe, ports)
    const count = (name: string) => set.rows.filter(({ meta }) => meta.split === name).length
    expect(count('evaluation')).toBeGreaterThan(10)
    expect(Math.min(count('train'), count('validation'))).toBeGreaterThan(4)
    expect(set.leaking_members).toBe(0)
    const { files, layouts } = await renderShards(set, recipe)
    const bytes = new Map(files.map((file) => [file.path, file.bytes]))
    const rowsOf = (test: (file: (typeof files)[number]) => boolean): number =>
      files.filter((file) => file.format === 'jsonl' && test(file)).reduce((sum, { rows }) => sum + rows, 0)
    expect(rowsOf(({ target }) => target === 'evaluation')).toBe(count('evaluation'))
    expect(rowsOf(({ target }) => target === 'trl')).toBe(set.rows.length - count('evaluation'))
    expect(await verifyShards(set, { files, layouts }, (path) => bytes.get(path))).toEqual([])
  })

  it('is permanent: another seed, another share and a later export keep it', () => {
    const set = curate(evidence, recipe, ports)
    const held = (each: CuratedSet): string[] =>
      each.rows.filter(({ meta }) => meta.split === 'evaluation').map(({ meta }) => meta.row_id)
    const reseeded = recipeSchema.parse({ ...recipe, split: { validation: 0.5, seed: 'another' } })
    expect(held(curate(evidence, reseeded, ports))).toEqual(held(set))
    const assigned = new Map(set.assignments.map(({ member, split }) => [member, split]))
    const none = recipeSchema.parse({ ...recipe, evaluation: { share: 0 } })
    const later = { ...ports, assigned: (member: string) => assigned.get(member) }
    expect(held(curate(evidence, none, later))).toEqual(held(set))
  })
})
