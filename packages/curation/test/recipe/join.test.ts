import { describe, expect, it } from 'vitest'
import { defaultRecipe, parseRecipe, recipeHash } from '../../src/index.js'

const join = { file: 'crm.csv', by: 'ref', columns: ['plan'] } as const

describe('a joined file in a recipe', () => {
  it('is named with its key, which is called as what it holds unless the recipe says otherwise', () => {
    expect(parseRecipe({ join: { ...join, columns: ['plan', 'arm', 'plan'] } }).join).toEqual({
      file: 'crm.csv',
      by: 'ref',
      key: 'ref',
      columns: ['arm', 'plan'],
    })
    expect(parseRecipe({ join: { ...join, columns: ['plan'], key: 'ticket' } }).join?.key).toBe('ticket')
    expect(recipeHash(parseRecipe({}))).toBe(recipeHash(defaultRecipe))
    expect(defaultRecipe).not.toHaveProperty('join')
  })

  it('lies in its folder and nowhere else', () => {
    for (const file of ['../crm.csv', '/etc/crm.csv', 'a/b.csv', 'crm.txt', '.csv', 'CRM.csv']) {
      expect(() => parseRecipe({ join: { ...join, columns: ['plan'], file } }), file).toThrow(
        'join.file: name a file of joins/',
      )
    }
  })

  it('gives a sidecar neither its key nor who somebody is, and no column is no join', () => {
    const withColumns = (columns: string[]) => () => parseRecipe({ join: { ...join, columns } })
    expect(withColumns(['plan', 'ref'])).toThrow('join.columns: "ref" is the key')
    expect(withColumns(['user_id'])).toThrow('join.columns: "user_id" cannot stand in a sidecar, which names nobody')
    expect(withColumns([])).toThrow('join.columns: name a column')
  })

  it('that is half named is refused, with the keys that are known', () => {
    expect(() => parseRecipe({ join: {} })).toThrow(
      /join\.file: name a file in joins\/; join\.by: use "ref" or "id"; join\.columns:/,
    )
    expect(() => parseRecipe({ join: { ...join, columns: ['plan'], on: 'x' } })).toThrow(
      'join: unknown key "on"; use by, columns, file, key',
    )
  })
})
