import { expect, it } from 'vitest'
import {
  curate,
  datasetCard,
  exportId,
  inputsOf,
  type Manifest,
  type RecipeInput,
  recipeSchema,
  snapshotOf,
} from '../../src/index.js'
import { manifestOf, renderShards } from '../rendered.js'
import { ports, Story } from '../support.js'

async function published(story: Story, input: RecipeInput = {}): Promise<{ manifest: Manifest; card: string }> {
  const recipe = recipeSchema.parse(input)
  const evidence = story.evidence()
  const identity = { ...evidence, inputs: inputsOf(snapshotOf(evidence)), recipe, parent: null }
  const set = curate(evidence, recipe, ports)
  const { files, layouts } = await renderShards(set, recipe)
  const manifest = manifestOf(exportId(identity), identity, set, files, layouts)
  return { manifest, card: datasetCard(manifest, layouts) }
}

/** Edits of many people, each of whom ends with the same exclamation. */
function eager(): Story {
  const story = new Story()
  for (let n = 0; n < 60; n++) {
    const id = story.ask({
      user: `u${n}`,
      prompt: `Where is parcel ${n}?`,
      output: `Parcel ${n} will be with you soon.`,
    })
    const kept = `It comes on day ${n} of this month to mail${n}@house.example, hooray!!`
    story.say('correction', id, { author_id: `u${n}`, kept })
  }
  return story
}

it('says in manifest and card what was replaced, in which language the rows are and who wrote the sides', async () => {
  const { manifest, card } = await published(eager())
  expect(manifest.statistics).toMatchObject({
    redactions: { EMAIL: { values: 120, rows: 120 } },
    languages: { en: 120 },
    written_by: { chosen: { human: 120 }, rejected: { openai: 60 }, edited_from: { openai: 120 } },
    safety_tags: {},
  })
  expect(card).toContain('`EMAIL` 120 in 120 rows')
  expect(card).toContain('| openai | 0 | 60 | 120 | not checked |')
  expect(card).toContain('Check whether the terms of openai allow training')
  expect(card).not.toContain('house.example')
})

it('warns where the sides are told apart without the prompt', async () => {
  const { manifest, card } = await published(eager())
  expect(manifest.statistics.tells_sides_apart.auc).toBeGreaterThan(0.75)
  expect(card).toContain('A bag of features tells chosen from rejected without the prompt')
})

it('asks for no check of a provider that the recipe judged, and prints why it may be used', async () => {
  const { card } = await published(eager(), {
    rights: { providers: { openai: { allowed: true, reason: 'contract | 7' } } },
  })
  expect(card).not.toContain('Check whether the terms')
  expect(card).toContain('| openai | 0 | 60 | 120 | contract   7 |')
})

it('warns where personal data was not looked for', async () => {
  expect((await published(eager(), { redact: { detectors: [] } })).card).toContain('`redact.detectors` is empty')
})

it('warns of the figures among the others, and repeats the settings of retention', async () => {
  const { card } = await published(eager(), { selection: { budget: 10 }, evidence: { retained_share: 0.75 } })
  expect(card).toContain('- A budget of 10 rows of each shape was filled by information: ')
  expect(card).toContain('at least 75% was (`retained_share`)')
})
