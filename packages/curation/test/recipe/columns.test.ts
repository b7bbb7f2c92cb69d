import { describe, expect, it } from 'vitest'
import { defaultRecipe, parseRecipe, recipeHash } from '../../src/index.js'

describe('columns of a recipe', () => {
  it('are read into one spelling, so that two spellings hash alike', () => {
    const columns = { prompt_version: true, tags: ['b', 'a', 'b'], metadata: ['plan', 'arm', 'plan'] }
    const recipe = parseRecipe({ columns })
    expect(recipe.columns).toEqual({
      prompt_version: true,
      release: false,
      tags: ['a', 'b'],
      metadata: ['arm', 'plan'],
    })
    const other = { ...columns, release: false, tags: ['a', 'b'], metadata: ['arm', 'plan'] }
    expect(recipeHash(recipe)).toBe(recipeHash(parseRecipe({ columns: other })))
    expect(parseRecipe({ columns: { tags: 'all' } }).columns?.tags).toBe('all')
  })

  it('that ask for nothing leave a recipe the hash that it had without them', () => {
    const asked = parseRecipe({ columns: { prompt_version: false, tags: [] } })
    expect(recipeHash(asked)).toBe(recipeHash(defaultRecipe))
    expect(recipeHash(parseRecipe({ columns: { release: true } }))).not.toBe(recipeHash(defaultRecipe))
  })

  it('name nobody, and the refusal says why', () => {
    const why = 'cannot stand in a sidecar, which names nobody'
    expect(() => parseRecipe({ columns: { user_id: true } })).toThrow(`columns.user_id: ${why}`)
    expect(() => parseRecipe({ columns: { session_id: true } })).toThrow(`columns.session_id: ${why}`)
    for (const key of ['user_id', 'userId', 'session-id', 'SessionID']) {
      expect(() => parseRecipe({ columns: { metadata: ['plan', key] } }), key).toThrow(
        `columns.metadata: "${key}" ${why}`,
      )
    }
  })

  it('that nobody knows are refused with those that are known', () => {
    expect(() => parseRecipe({ columns: { model: true } })).toThrow(
      'columns: unknown key "model"; use metadata, prompt_version, release, tags',
    )
    expect(() => parseRecipe({ columns: { tags: 'some' } })).toThrow('columns.tags: use "all", or a list of tags')
    expect(() => parseRecipe({ colums: {} })).toThrow(/use artefacts, caps, columns, .*filter.*preset/)
  })
})
