import { expect, it } from 'vitest'
import { parseRecipe, type RecipeInput } from '../../src/index.js'
import { drops, pairsOf, Story } from '../support.js'

function chosenBetween(won: string, lost: string): Story {
  const story = new Story()
  const [a, b] = [
    story.ask({ prompt: 'q', output: 'first answer', head: { provider: lost } }),
    story.ask({ prompt: 'q', output: 'second answer', head: { provider: won } }),
  ]
  const candidates = JSON.stringify([{ id: a }, { id: b }])
  story.say('choice', a, { candidates, winner: '1', randomised: true, seen: [0, 1] })
  return story
}

const rights: RecipeInput = {
  rights: { providers: { acme: { allowed: false, reason: 'terms of 2026, section 2.3' } } },
}

it.each([
  ['the chosen side', 'acme', 'local'],
  ['the rejected side', 'local', 'acme'],
])('drops a row with a forbidden provider on %s', (_, won, lost) => {
  expect(drops(chosenBetween(won, lost).curate(rights))).toEqual({ 'rights.rights_provider': 1 })
})

it('drops an edit of a forbidden provider, whoever made it', () => {
  const story = new Story()
  story.say('correction', story.ask({ head: { provider: 'acme' } }), { kept: 'On Friday, and not before.' })
  expect(drops(story.curate(rights))).toEqual({ 'rights.rights_provider': 2 })
})

it('lets through what the recipe allows by name where it denies all others', () => {
  const only: RecipeInput = {
    rights: { others: 'deny', providers: { local: { allowed: true, reason: 'our own weights' } } },
  }
  expect(pairsOf(chosenBetween('local', 'local').curate(only))).toHaveLength(1)
  expect(drops(chosenBetween('local', '__proto__').curate(only))).toEqual({ 'rights.rights_provider': 1 })
})

it('names the provider of each side in the sidecar', () => {
  const [row] = pairsOf(chosenBetween('local', 'acme').curate())
  expect([row?.meta.chosen_provider, row?.meta.provider]).toEqual(['local', 'acme'])
})

it('wants a reason with every judgement', () => {
  expect(() => parseRecipe({ rights: { providers: { acme: { allowed: true } } } })).toThrow(
    /rights\.providers\.acme\.reason/,
  )
})
