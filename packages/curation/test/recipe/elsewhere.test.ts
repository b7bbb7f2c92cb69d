import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../src/index.js'

describe('a key that stands elsewhere', () => {
  it.each([
    ['schedule', '0 3 * * *', 'FLYWHEEL_EXPORT_PLANS): recipes: [{ name: nightly, cron: 0 3 * * *'],
    ['destinations', ['lake'], 'destinations: { lake: { kind: s3, bucket: datasets } }'],
    ['sources', ['desk'], 'filter ({ "task": "reply"'],
  ])('%s is named with its place and how it is written there', (key, value, place) => {
    const parse = () => parseRecipe({ [key]: value })
    expect(parse).toThrow(`recipe: "${key}" does not stand in a recipe: `)
    expect(parse).toThrow(place)
    expect(parse).not.toThrow('unknown key')
  })

  it('hides no other mistake, and is nothing special below another key', () => {
    const parse = () => parseRecipe({ schedule: 'nightly', selektion: {}, split: { schedule: 1 } })
    expect(parse).toThrow('"schedule" does not stand in a recipe')
    expect(parse).toThrow('unknown key "selektion"; use ')
    expect(parse).toThrow('split: unknown key "schedule"; use seed, validation')
  })
})
