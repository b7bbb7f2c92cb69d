import { describe, expect, it } from 'vitest'
import {
  type CuratedRow,
  datasetCard,
  FORMATS,
  inputsOf,
  parseRecipe,
  type RecipeInput,
  readRecords,
  recipeSchema,
  TARGETS,
  type TargetRecord,
} from '../../src/index.js'
import { calls, exampleRows, rowOf, says, setOf } from '../formats/rows.js'
import { manifestOf, renderShards, verifyShards } from '../rendered.js'
import { Story } from '../support.js'

const pair = (prior: number, row_id: string): CuratedRow =>
  rowOf(
    { shape: 'preference', chosen: says(`good ${row_id}`), rejected: says('bad') },
    { prior, weight: Math.round((2 * prior - 1) * 1e6) / 1e6, row_id },
  )

async function recordsOf(rows: CuratedRow[], recipe: RecipeInput, target = 'trl'): Promise<TargetRecord[]> {
  const { files } = await renderShards(setOf(rows), recipeSchema.parse({ targets: [target], ...recipe }))
  const file = files.find((each) => each.target === target && each.shape === 'preference')!
  return await readRecords(FORMATS.find(({ id }) => id === file.format)!, file.bytes)
}

async function cardOf(rows: CuratedRow[], recipe: RecipeInput): Promise<string> {
  const parsed = recipeSchema.parse({ split: { validation: 0 }, ...recipe })
  const set = setOf(rows)
  const { files, layouts } = await renderShards(set, parsed)
  const at = '2026-01-05T09:00:00.000Z'
  const inputs = inputsOf(new Story().evidence())
  const identity = { watermark: at, cutoff: at, inputs, recipe: parsed, parent: null }
  return datasetCard(manifestOf('e'.repeat(64), identity, set, files, layouts), layouts)
}

describe('weights', () => {
  const rows = [pair(0.65, 'a'), pair(0.8, 'b'), pair(0.95, 'c')]

  it('stand nowhere but in the sidecar, unless the recipe says otherwise', async () => {
    for (const record of await recordsOf(rows, {}))
      expect(Object.keys(record)).toEqual(['prompt', 'chosen', 'rejected'])
  })

  it.each(['jsonl', 'parquet'])('stand in a column of %s', async (format) => {
    expect((await recordsOf(rows, { formats: [format], weights: 'column' })).map((each) => each['weight'])).toEqual([
      0.3, 0.6, 0.9,
    ])
    const margins = (await recordsOf(rows, { formats: [format], weights: 'margin' })).map((each) => each['margin'])
    expect(margins).toEqual([0.619039, 1.386294, 2.944439])
  })

  it('repeat heavy rows of train and none of validation, in proportion, alike every time, and lose none', async () => {
    const many = Array.from({ length: 300 }, (_, n) => pair(n % 2 === 0 ? 0.65 : 0.875, `row-${n}`))
    const count = (records: TargetRecord[], row: CuratedRow): number =>
      records.filter((each) => JSON.stringify(each['chosen']).includes(`"${row.chosen.content}"`)).length
    const records = await recordsOf(many, { weights: 'resample' })
    expect(await recordsOf(many, { weights: 'resample' })).toEqual(records)
    const [light, heavy] = [0, 1].map((odd) => many.filter((_, n) => n % 2 === odd).map((row) => count(records, row)))
    expect(new Set(light)).toEqual(new Set([1]))
    expect(new Set(heavy)).toEqual(new Set([2, 3]))
    expect(heavy!.reduce((sum, each) => sum + each, 0) / heavy!.length).toBeCloseTo(2.5, 1)
    const held = many.map((row) => ({ ...row, meta: { ...row.meta, split: 'validation' } }))
    expect(await recordsOf(held, { weights: 'resample' })).toHaveLength(300)
  })

  it('repeat the sidecar with the rows, and the repeated shards are verified', async () => {
    const recipe = recipeSchema.parse({ weights: 'resample', shard_rows: 2, targets: TARGETS.map(({ id }) => id) })
    const { files, layouts } = await renderShards(setOf(rows), recipe)
    const bytes = new Map(files.map((file) => [file.path, file.bytes]))
    expect(await verifyShards(setOf(rows), { files, layouts }, (path) => bytes.get(path))).toEqual([])
    for (const file of files.filter(({ shape }) => shape === 'meta')) {
      expect(new TextDecoder().decode(file.bytes).trimEnd().split('\n')).toHaveLength(file.rows)
    }
  })

  it('are said to be unread where a target has no place for them', async () => {
    const card = await cardOf(rows, { targets: ['trl', 'openai'], weights: 'margin' })
    expect(card).toContain('The column `margin` is the log-odds of the prior. DPO, KTO and SFT trainers ignore both')
    expect(card).toContain('The recipe asks for `margin`, for which it has no place.')
  })
})

describe('the card', () => {
  it('says what is held out, where it stands, and why nothing is', async () => {
    const share = { evaluation: { share: 0.2 } }
    const heldOut = rowOf({ shape: 'supervised', chosen: says('At noon.') }, { split: 'evaluation' })
    const rows = [...exampleRows(), heldOut]
    expect(await cardOf(rows, share)).toContain('1 rows of 1 groups of people')
    expect(await cardOf(rows, share)).toContain('`evaluation/` alone holds them')
    expect(await cardOf(rows, {})).toContain('no file holds them: name the target `evaluation`')
    expect(await cardOf(exampleRows(), share)).toContain('Nothing is held out for evaluation: the share drew nobody')
    expect(await cardOf(exampleRows(), {})).not.toContain('held out')
  })

  it('gives the load line, the rows and what was left out of every target', async () => {
    const heldOut = rowOf({ shape: 'supervised', chosen: says('At noon.') }, { split: 'evaluation' })
    const card = await cardOf([...exampleRows(), heldOut], { targets: TARGETS.map(({ id }) => id) })
    for (const { name, traps } of TARGETS) {
      expect(card).toContain(`### ${name}\n`)
      for (const trap of traps) expect(card).toContain(`- ${trap}`)
    }
    expect(card).toContain('data_files="preference/train-00000-of-00001.parquet", split="train")')
    expect(card).toContain('ComparisonBuilderFromJsonl(train_path="tinker/preference/train-00000-of-00001.jsonl")')
    expect(card).toContain('- `preference`: 2 rows; left out: tool_call_lost 1.')
    expect(card).toContain('dataset=flywheel_unpaired_train')
  })

  it('tells the columns of JSON lines whose messages differ in their keys, where there is no Parquet', async () => {
    const rows = [rowOf({ shape: 'preference', chosen: calls({ order: 1 }), rejected: says('no') })]
    expect(await cardOf(rows, { formats: ['jsonl'] })).toContain(
      '"tool_calls": List({"type": Value("string"), "id": Value("string"), "function": {"name": Value("string"), "arguments": {"order": Value("int64")}}})',
    )
    expect(await cardOf([pair(0.8, 'x')], { formats: ['jsonl'] })).not.toContain('features=')
  })
})

describe('a recipe', () => {
  it.each([
    [{ targets: ['trll'] }, 'unknown target "trll"; use one of trl, trl-messages'],
    [{ formats: ['trl'] }, 'unknown format "trl"; use one of jsonl, parquet; "trl" is a target: name it in targets'],
    [{ targets: ['openai'], formats: ['parquet'] }, 'the target "openai" reads jsonl; name one of them in formats'],
    [{ weights: 'some' }, 'weights'],
  ])('is refused for %j, with what to write', (recipe, why) => {
    expect(() => parseRecipe(recipe)).toThrow(why)
  })
})
