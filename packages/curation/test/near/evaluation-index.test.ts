import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluationIndex } from '../../src/index.js'
import { words } from './words.js'

const item = (n: number): string => words(n, 40).join(' ')

describe('evaluationIndex', () => {
  const sets = [
    { name: 'second', items: [item(3), item(1)] },
    { name: 'first', items: [item(1), item(2), 'Yes.', 'Why is the sky blue?'] },
  ]
  const index = evaluationIndex(sets, 0.5)

  it('says what each set holds, in the order of their names', () => {
    expect(index.sets).toEqual([
      { name: 'first', items: 4, too_short: 1 },
      { name: 'second', items: 2, too_short: 0 },
    ])
  })

  it('finds an item inside of other words, in any of the texts of a row, and half of one', () => {
    expect(index.match(['nothing here', `Please answer this. ${item(3).toUpperCase()} Thanks!`])).toBe('second')
    expect(index.match([item(1)])).toBe('first')
    expect(index.match([words(2, 40).slice(0, 25).join(' ')])).toBe('first')
    expect(index.match([words(2, 40).slice(0, 20).join(' ')])).toBeUndefined()
    expect(index.match(['Tell me: why is the sky blue?'])).toBe('first')
  })

  it('does not take the same words in another order, a short item or other texts for one', () => {
    expect(
      index.match([words(1, 40).reverse().join(' '), 'Yes. The blue sky, why is it the?', item(9)]),
    ).toBeUndefined()
  })

  it('gives the same verdict for every order of the sets and their items', () => {
    const both = fc.tuple(fc.shuffledSubarray(sets, { minLength: 2 }), fc.boolean())
    fc.assert(
      fc.property(both, ([shuffled, isReversed]) => {
        const turned = shuffled.map(({ name, items }) => ({ name, items: isReversed ? [...items].reverse() : items }))
        const again = evaluationIndex(turned, 0.5)
        expect(again.sets).toEqual(index.sets)
        for (let n = 0; n < 6; n++) expect(again.match([item(n)])).toBe(index.match([item(n)]))
      }),
    )
  })
})
