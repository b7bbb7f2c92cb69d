import { describe, expect, it } from 'vitest'
import { parseRecipe, TARGETS } from '../../src/index.js'

const trainers = TARGETS.map(({ id }) => id).filter((id) => id !== 'evaluation')

describe('a recipe of what people gave to evaluation alone', () => {
  it.each(trainers)('writes no file for %s, beside an evaluation set or not, and says what to name', (target) => {
    for (const targets of [[target], ['evaluation', target]]) {
      expect(() => parseRecipe({ purpose: 'evaluate', targets })).toThrow(
        expect.objectContaining({
          code: 'invalid_request',
          message: expect.stringMatching(
            new RegExp(`, and "${target}" is written to train on; name "targets": \\["evaluation"`),
          ),
        }),
      )
    }
    for (const purpose of ['train', 'license'])
      expect(parseRecipe({ purpose, targets: [target, 'evaluation'] }).targets).toEqual([target, 'evaluation'])
  })

  it('names its target itself: the default one is a trainer', () => {
    expect(() => parseRecipe({ purpose: 'evaluate' })).toThrow('and "trl" is written to train on')
  })

  it('makes an evaluation set', () => {
    const recipe = { purpose: 'evaluate', targets: ['evaluation'], evaluation: { share: 0.5 } }
    expect(parseRecipe(recipe)).toMatchObject(recipe)
  })
})
