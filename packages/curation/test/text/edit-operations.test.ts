import fc from 'fast-check'
import { expect, it } from 'vitest'
import { editOperations } from '../../src/text/edit-operations.js'

/** The matrix, row by row. */
function levenshtein(a: readonly string[], b: readonly string[]): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  a.forEach((word, i) => {
    const current = [i + 1]
    b.forEach((other, j) => {
      const substituted = previous[j]! + (word === other ? 0 : 1)
      current.push(Math.min(substituted, previous[j + 1]! + 1, current[j]! + 1))
    })
    previous = current
  })
  return previous[b.length]!
}

const wordsOf = (vocabulary: number, most: number): fc.Arbitrary<string[]> =>
  fc.array(
    fc.nat(vocabulary).map((word) => `w${word}`),
    { maxLength: most },
  )

it.each([
  [1, 40],
  [3, 130],
  [40, 130],
  [400, 300],
])('counts as few operations as the matrix does, over %i words and up to %i in a text', (vocabulary, most) => {
  fc.assert(
    fc.property(wordsOf(vocabulary, most), wordsOf(vocabulary, most), (a, b) => {
      expect(editOperations(a, b)).toBe(levenshtein(a, b))
      expect(editOperations(b, a)).toBe(levenshtein(a, b))
    }),
    { numRuns: 150 },
  )
})

it('counts along the edge of its blocks of 32', () => {
  for (const length of [31, 32, 33, 63, 64, 65, 96]) {
    const text = Array.from({ length }, (_, at) => `w${at}`)
    const edited = ['new', ...text.slice(1, -2), 'end']
    expect(editOperations(text, edited)).toBe(levenshtein(text, edited))
    expect(editOperations(text, text)).toBe(0)
    expect(editOperations(text, [])).toBe(length)
  }
})
