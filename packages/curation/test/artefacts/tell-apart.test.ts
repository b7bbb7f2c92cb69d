import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sideFeatures } from '../../src/artefacts/features.js'
import { type SideFeatures, tellApart } from '../../src/artefacts/tell-apart.js'
import { sha256 } from '../../src/index.js'

const WORDS = 'parcel friday tuesday refund order late soon house street door desk mail stamp letter price'.split(' ')

/** A text of its own for each number; nothing tells one number's side from another's. */
function drawn(seed: string): string {
  const digest = sha256(seed)
  return Array.from(
    { length: 12 },
    (_, n) => WORDS[Number.parseInt(digest.slice(n * 2, n * 2 + 2), 16) % WORDS.length],
  ).join(' ')
}

const side = (content: string): Int32Array => sideFeatures({ role: 'assistant', content })

function pairs(count: number, chosen: (text: string) => string, components = count): SideFeatures[] {
  return Array.from({ length: count }, (_, n) => ({
    component: `c${n % components}`,
    sets: { features: { chosen: side(chosen(drawn(`chosen ${n}`))), rejected: side(drawn(`rejected ${n}`)) } },
  }))
}

it('finds chance where the sides are alike, and certainty where one kind always ends alike', () => {
  const { auc } = tellApart(pairs(300, (text) => text))
  expect(Math.abs((auc ?? 0) - 0.5)).toBeLessThan(0.1)
  expect(tellApart(pairs(300, (text) => `${text}\n\nThanks!`)).auc).toBeGreaterThan(0.99)
})

it('judges only what it has not seen: texts that repeat within a component tell nothing of others', () => {
  const rows = Array.from({ length: 60 }, (_, n) => ({
    component: `c${n % 30}`,
    sets: { features: { chosen: side(drawn(`chosen ${n % 30}`)), rejected: side(drawn(`rejected ${n % 30}`)) } },
  }))
  // The same sides stand in each component twice: seen in training they would be told apart nearly always.
  expect(tellApart(rows).auc).toBeLessThan(0.75)
  const leaking = rows.map((row, n) => ({ ...row, component: `c${n}` }))
  expect(tellApart(leaking).auc).toBeGreaterThan(0.75)
})

it('says nothing of few pairs or of one component', () => {
  expect(tellApart(pairs(19, (text) => text))).toEqual({ auc: null, pairs: 19, folds: 0 })
  expect(tellApart(pairs(40, (text) => text, 1)).auc).toBeNull()
  expect(tellApart(pairs(40, (text) => text, 2)).folds).toBe(2)
})

it('gives one figure for every order of the pairs', () => {
  const rows = pairs(40, (text) => `${text}!`, 9)
  const expected = tellApart(rows)
  fc.assert(
    fc.property(fc.shuffledSubarray(rows, { minLength: 40, maxLength: 40 }), (shuffled) => {
      expect(tellApart(shuffled)).toEqual(expected)
    }),
    { numRuns: 20 },
  )
})

it('keeps the features of a side small, however long it is', () => {
  const long = side(Array.from({ length: 100_000 }, (_, n) => `word${n}`).join(' '))
  expect(long.byteLength).toBeLessThan(400)
})
