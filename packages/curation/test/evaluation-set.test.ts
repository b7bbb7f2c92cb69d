import { describe, expect, it } from 'vitest'
import { type CuratedRow, type RecipeInput, recipeSchema, type TargetRecord } from '../src/index.js'
import { renderShards } from './rendered.js'
import { START, Story } from './support.js'

const EVERYTHING: RecipeInput = {
  strategies: ['edit.final', 'sft.edit', 'thumbs.unpaired'],
  evaluation: { share: 0.5 },
}

/** People with a correction each, of whom half is held out; `more` says what else each one says. */
function story(more: (story: Story, id: string, n: number) => void): Story {
  const made = new Story()
  for (let n = 0; n < 12; n++) {
    const author_id = `u${n}`
    const id = made.ask({
      user: author_id,
      prompt: `Where is parcel ${n}? Write to ann${n}@example.org`,
      output: `Parcel ${n} left our house on Monday, as I see here.`,
      head: { tags: ['vip', 'desk'] },
    })
    made.say('correction', id, { author_id, kept: `Parcel ${n} is at the customs since Tuesday; we wrote to them.` })
    more(made, id, n)
  }
  return made
}

async function itemsOf(made: Story, recipe: RecipeInput = EVERYTHING): Promise<TargetRecord[]> {
  const { files } = await renderShards(made.curate(recipe), recipeSchema.parse(recipe))
  const shards = files.filter(({ target, shape }) => target === 'evaluation' && shape === 'preference')
  return shards.flatMap(({ bytes }) =>
    new TextDecoder()
      .decode(bytes)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as TargetRecord),
  )
}

const reasonsOf = (items: TargetRecord[]) =>
  items.map(({ metadata }) => (metadata as { reasons: { codes: string[]; texts: string[] } }).reasons)

const heldOut = (rows: readonly CuratedRow[]) => rows.filter(({ meta }) => meta.split === 'evaluation')

describe('an evaluation set', () => {
  it('holds of each item the prompt, the reference, what was served, the reasons of everybody, and tags', async () => {
    const made = story((each, id) => {
      each.say('rating', id, {
        author_id: 'boss',
        value: 1,
        reason_codes: ['wrong_fact'],
        reason_text: 'Not Monday.',
      })
      each.say('rating', id, { author_id: 'desk', author_kind: 'expert', value: 2, reason_codes: ['tone'] })
      each.say('thumb', id, { author_id: 'fan', label: 'up', reason_text: 'Lovely.' })
    })
    for (const label of ['boss', 'fan']) made.state('granted', 'user', label, START - 1000)
    const items = await itemsOf(made)
    expect(items.length).toBeGreaterThan(2)
    for (const { input, target, metadata } of items) {
      const number = /parcel (\d+)\?/.exec(JSON.stringify(input))?.[1]
      expect(target).toBe(`Parcel ${number} is at the customs since Tuesday; we wrote to them.`)
      expect(metadata).toMatchObject({
        rejected: `Parcel ${number} left our house on Monday, as I see here.`,
        reasons: { codes: ['tone', 'wrong_fact'], texts: ['Not Monday.'] },
        tags: ['desk', 'vip'],
        task: 'reply',
        surface: 'desk',
        model: 'stub-1',
        language: 'en',
      })
    }
  })

  it('puts the placeholders of the row into the reasons', async () => {
    const made = story((each, id, n) => {
      const reason_text = `ann${n}@example.org told bob@example.org`
      each.say('rating', id, { author_id: `u${n}`, value: 1, reason_text })
    })
    for (const { input, metadata } of await itemsOf(made)) {
      expect(JSON.stringify(input)).toContain('Write to [EMAIL_1]')
      expect(metadata).toMatchObject({ reasons: { texts: ['[EMAIL_1] told [EMAIL_2]'] } })
    }
  })

  it('takes the words of nobody who did not consent, and nothing of who withdrew', async () => {
    const reasons = { reason_codes: ['wrong_fact'], reason_text: 'Not Monday.' }
    const silent = story((each, id) => each.say('rating', id, { author_id: 'boss', value: 1, ...reasons }))
    expect((await itemsOf(silent)).length).toBeGreaterThan(2)
    expect(new Set(reasonsOf(await itemsOf(silent)).map((each) => JSON.stringify(each)))).toEqual(
      new Set(['{"codes":["wrong_fact"],"texts":[]}']),
    )
    silent.state('withdrawn', 'user', 'boss', START + 1000)
    expect(new Set(reasonsOf(await itemsOf(silent)).map((each) => JSON.stringify(each)))).toEqual(
      new Set(['{"codes":[],"texts":[]}']),
    )
  })

  it('names the feedback behind its reasons among the events of the row, so that an erasure of either takes it', () => {
    const said = new Map<string, string>()
    const made = story((each, id) =>
      said.set(id, each.say('rating', id, { author_id: 'boss', value: 1, reason_codes: ['x'] })),
    )
    const rows = heldOut(made.curate(EVERYTHING).rows)
    expect(rows.length).toBeGreaterThan(2)
    for (const { event_ids, notes } of rows) {
      expect(notes?.feedback).toHaveLength(1)
      expect(event_ids).toEqual(expect.arrayContaining(notes?.feedback as string[]))
      expect([...said].some(([id, feedback]) => event_ids.includes(id) && event_ids.includes(feedback))).toBe(true)
    }
  })

  it('says nothing of reasons in a row that is trained on, and nothing else than a recipe without a hold-out', () => {
    const made = story((each, id, n) =>
      each.say('rating', id, { author_id: `u${n}`, value: 1, reason_text: 'Not Monday.' }),
    )
    const { rows } = made.curate(EVERYTHING)
    const trained = rows.filter((row) => !heldOut(rows).includes(row))
    const plain = new Map(
      made.curate({ ...EVERYTHING, evaluation: { share: 0 } }).rows.map((row) => [row.meta.row_id, row]),
    )
    expect(trained.length).toBeGreaterThan(5)
    for (const { meta, ...row } of trained) {
      const { meta: other, ...same } = plain.get(meta.row_id)!
      expect(row).toEqual(same)
      expect({ ...meta, split: other.split, component: other.component }).toEqual(other)
    }
  })

  it('of a refused answer that nobody mended has no target', async () => {
    const made = new Story()
    for (let n = 0; n < 12; n++) {
      const id = made.ask({ user: `u${n}`, prompt: `Where is parcel ${n}?` })
      made.say('thumb', id, { author_id: `u${n}`, label: 'down', reason_codes: ['late'] })
    }
    const recipe: RecipeInput = { strategies: ['thumbs.unpaired'], evaluation: { share: 0.5 } }
    const { files } = await renderShards(made.curate(recipe), recipeSchema.parse(recipe))
    const [shard] = files.filter(({ target }) => target === 'evaluation')
    const [line] = new TextDecoder().decode(shard?.bytes).split('\n')
    const item = JSON.parse(line as string) as TargetRecord
    expect(item).not.toHaveProperty('target')
    expect(item['metadata']).toMatchObject({ reasons: { codes: ['late'], texts: [] }, reference_by: null })
  })

  it('is what an export of the target alone holds, and no file of an export that holds nothing out', async () => {
    const made = story(() => {})
    const filesOf = async (recipe: RecipeInput, split: string) => {
      const rows = made.curate(recipe).rows.map((row) => ({ ...row, meta: { ...row.meta, split } }))
      const { files } = await renderShards({ ...made.curate(recipe), rows }, recipeSchema.parse(recipe))
      return [...new Set(files.filter(({ shape }) => shape !== 'meta').map(({ target }) => target))]
    }
    expect(await filesOf({ targets: ['evaluation'] }, 'evaluation')).toEqual(['evaluation'])
    expect(await filesOf({ targets: ['evaluation'] }, 'train')).toEqual([])
    expect(await filesOf({ formats: ['parquet'], evaluation: { share: 0.1 } }, 'evaluation')).toEqual(['evaluation'])
    // What an earlier export of the project held out stays out of this one's files.
    expect(await filesOf({}, 'evaluation')).toEqual([])
    expect(await filesOf({}, 'train')).toEqual(['trl'])
  })
})
