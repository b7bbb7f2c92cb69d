import { expect, it } from 'vitest'
import { FORMATS, PRESETS, parseRecipe, STRATEGIES, TARGETS } from '../../src/index.js'
import { FORMAT_IDS, PRESET_IDS, STRATEGY_IDS, TARGET_IDS } from '../../src/recipe/ids.js'

const idsOf = (all: readonly { id: string }[]): string[] => all.map(({ id }) => id)

it('what an editor completes is what the registries hold', () => {
  expect(STRATEGY_IDS).toEqual(idsOf(STRATEGIES))
  expect(TARGET_IDS).toEqual(idsOf(TARGETS))
  expect(FORMAT_IDS).toEqual(idsOf(FORMATS))
  expect(PRESET_IDS).toEqual(idsOf(PRESETS))
})

it('an unknown key is named with the known ones of its place', () => {
  expect(() => parseRecipe({ selektion: {} })).toThrow(
    /recipe: unknown key "selektion"; use .*filter, .*preset, .*selection/,
  )
  expect(() => parseRecipe({ selection: { reserve: { row: 1, raw: 2 } } })).toThrow(
    'selection.reserve: unknown keys "row", "raw"; use by, rows',
  )
})
