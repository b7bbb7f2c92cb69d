import { expect, it } from 'vitest'
import { type CuratedRow, inputsOf, type Manifest, recipeSchema } from '../../src/index.js'
import { rowOf, says, setOf } from '../formats/rows.js'
import { manifestOf, renderShards } from '../rendered.js'
import { Story } from '../support.js'

async function trainerOf(rows: CuratedRow[]): Promise<Manifest['trainer']> {
  const recipe = recipeSchema.parse({})
  const set = setOf(rows)
  const { files, layouts } = await renderShards(set, recipe)
  const at = '2026-01-05T09:00:00.000Z'
  const identity = { watermark: at, cutoff: at, inputs: inputsOf(new Story().evidence()), recipe, parent: null }
  return manifestOf('e'.repeat(64), identity, set, files, layouts).trainer
}

const thumb = (label: boolean, split: 'train' | 'validation'): CuratedRow =>
  rowOf({ shape: 'unpaired', chosen: says(`${label} in ${split}`), label }, { split })

it('weighs the labels of KTO by the rows of train alone, which are those that a trainer counts', async () => {
  const train = [true, true, true, false].map((label) => thumb(label, 'train'))
  const held = [false, false, false, false, false].map((label) => thumb(label, 'validation'))
  expect(await trainerOf([...train, ...held])).toMatchObject({ kto_desirable_weight: 1, kto_undesirable_weight: 3 })
})

it('has no weights for KTO where train has one label only', async () => {
  expect(await trainerOf([thumb(true, 'train'), thumb(false, 'validation')])).toMatchObject({
    kto_desirable_weight: null,
    kto_undesirable_weight: null,
  })
})

it('estimates lengths by the language of a row, and says what share is longer than nineteen of twenty', async () => {
  const rows = (language: string, lengths: number[]): CuratedRow[] =>
    lengths.map((chosen_chars) => {
      const row = thumb(true, 'train')
      return { ...row, meta: { ...row.meta, language, prompt_chars: 0, chosen_chars, rejected_chars: null } }
    })
  const long = Array.from({ length: 19 }, () => 3000)
  expect(await trainerOf(rows('en', long))).toMatchObject({ max_length_at_least: 1024, max_length_exceeded: 0 })
  expect(await trainerOf(rows('ja', long))).toMatchObject({ max_length_at_least: 4096, max_length_exceeded: 0 })
  const [first] = rows('zh', [9000])
  expect(await trainerOf([...rows('en', [...long, ...long]), first!])).toMatchObject({
    max_length_at_least: 1024,
    max_length_exceeded: 0.025641,
  })
})
