import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { minHash, PERMUTATIONS } from '../../src/near/min-hash.js'
import { nearGroups } from '../../src/near/near-groups.js'
import { jaccard, MAX_SHINGLES, promptShingles } from '../../src/near/shingles.js'
import { SKETCH_LENGTH, sketchOf } from '../../src/near/sketch.js'
import { wordHashes } from '../../src/text/word-hashes.js'
import { words } from './words.js'

const shingles = (text: string): Int32Array => promptShingles([{ role: 'user', content: text }])
const groupsOf = (texts: readonly string[], threshold = 0.8): string[][] =>
  nearGroups(texts.map(shingles), threshold)
    .map((group) => group.map((i) => texts[i]!).sort())
    .sort()

describe('shingles', () => {
  it('are the same in every case, spacing and punctuation, and on every platform', () => {
    expect(shingles('Where is my parcel, please?')).toEqual(shingles('where  is MY parcel\nplease'))
    // Computed by another implementation of FNV-1a and MurmurHash3's finalizer.
    expect([...wordHashes('Straße 東京 x', 1)]).toEqual([-692098554, -918275309, -514076665, 804166841])
  })

  it('leave the system prompt out and see the rest', () => {
    const user = { role: 'user' as const, content: 'one two three four five six' }
    expect(promptShingles([{ role: 'system', content: 'be kind' }, user])).toEqual(promptShingles([user]))
    expect(promptShingles([{ role: 'system', content: 'only this' }])).toHaveLength(0)
  })

  it('of a long prompt are an even sample that still tells how alike two prompts are', () => {
    const a = words(1, 20_000)
    const b = [...a.slice(0, 16_000), ...words(2, 4000)]
    const [left, right] = [shingles(a.join(' ')), shingles(b.join(' '))]
    expect(left).toHaveLength(MAX_SHINGLES)
    expect(Math.abs(jaccard(left, right) - 16 / 24)).toBeLessThan(0.05)
  })

  it('are compared exactly where they are few', () => {
    const set = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { maxLength: 60 })
    fc.assert(
      fc.property(set, set, (a, b) => {
        const union = new Set([...a, ...b]).size
        const common = a.filter((each) => b.includes(each)).length
        const similarity = jaccard(Int32Array.from(a).sort(), Int32Array.from(b).sort())
        expect(similarity).toBe(union === 0 ? 0 : common / union)
      }),
    )
  })
})

describe('minHash', () => {
  it('agrees with the Jaccard similarity within the error of 128 permutations', () => {
    for (const share of [0.2, 0.5, 0.8, 0.95]) {
      let agreed = 0
      let similarity = 0
      for (let round = 0; round < 20; round++) {
        const a = words(round, 300)
        const [x, y] = [a, [...a.slice(0, 300 * share), ...words(round + 1000, 300 * (1 - share))]].map((list) =>
          shingles(list.join(' ')),
        ) as [Int32Array, Int32Array]
        const [p, q] = [new Int32Array(PERMUTATIONS), new Int32Array(PERMUTATIONS)]
        minHash(x, p)
        minHash(y, q)
        agreed += p.filter((value, i) => value === q[i]).length / PERMUTATIONS
        similarity += jaccard(x, y)
      }
      expect(Math.abs(agreed - similarity) / 20).toBeLessThan(0.03)
    }
  })
})

describe('sketchOf', () => {
  it('says which set it is, and nothing of the empty one', () => {
    const sets = [[1], [2], [1, 2], [-1], [256]].map((list) => sketchOf(Int32Array.from(list)).join())
    expect(new Set(sets).size).toBe(sets.length)
    expect(sketchOf(Int32Array.of(1, 2)).join()).toBe(sets[2])
    expect(sketchOf(new Int32Array(0))).toEqual(new Int32Array(SKETCH_LENGTH))
  })
})

describe('nearGroups', () => {
  it('reads of sets that have a sketch only those that it compares', () => {
    const same = shingles(words(1, 40).join(' '))
    const near = shingles([...words(1, 40), 'more'].join(' '))
    const others = Array.from({ length: 50 }, (_, n) => shingles(words(n + 100, 40).join(' ')))
    const sets = [same, ...others, same, near]
    const read: number[] = []
    const groups = nearGroups(
      {
        length: sets.length,
        at: (place) => {
          read.push(place)
          return sets[place]
        },
        sketchAt: (place) => sketchOf(sets[place]!),
      },
      0.8,
    )
    expect(groups.map((group) => group.sort((a, b) => a - b))).toEqual([[0, 51, 52]])
    // Equal ones are told by their sketches, and stand for each other.
    expect([...read].sort((a, b) => a - b)).toEqual([0, 52])
  })

  it('finds every pair that a comparison of all with all finds, and no other', () => {
    const texts = Array.from({ length: 120 }, (_, n) => {
      const base = words(n % 40, 60)
      return [...base.slice(0, 60 - (n % 7) * 2), ...words(n + 500, (n % 7) * 2)].join(' ')
    })
    const sets = texts.map(shingles)
    const root = texts.map((_, i) => i)
    const find = (i: number): number => (root[i] === i ? i : find(root[i]!))
    for (let i = 0; i < sets.length; i++)
      for (let j = 0; j < i; j++) if (jaccard(sets[i]!, sets[j]!) >= 0.8) root[find(i)] = find(j)
    const brute = new Map<number, string[]>()
    texts.forEach((text, i) => {
      brute.set(find(i), [...(brute.get(find(i)) ?? []), text])
    })
    const expected = [...brute.values()].filter((group) => group.length > 1).map((group) => group.sort())
    expect(expected.length).toBeGreaterThan(10)
    expect(groupsOf(texts)).toEqual(expected.sort())
  })

  it('gives the same groups for every order of the list, and the same again for one of each group', () => {
    const texts = Array.from({ length: 40 }, (_, n) =>
      [...words(n % 9, 50), ...(n % 3 === 0 ? words(n, 2) : [])].join(' '),
    )
    const expected = groupsOf(texts)
    expect(expected.length).toBe(9)
    fc.assert(
      fc.property(fc.shuffledSubarray(texts, { minLength: texts.length }), (shuffled) => {
        expect(groupsOf(shuffled)).toEqual(expected)
      }),
      { numRuns: 25 },
    )
    expect(groupsOf(expected.map(([first]) => first!))).toEqual([])
  })

  it('takes templated prompts that share a long prefix and not the document for different ones', () => {
    const template = words(1, 300).join(' ')
    const documents = Array.from({ length: 30 }, (_, n) => `${template} ${words(100 + n, 20).join(' ')}`)
    expect(jaccard(shingles(documents[0]!), shingles(documents[1]!))).toBeGreaterThan(0.8)
    expect(groupsOf(documents)).toEqual([])
    // One document pasted twice is found among them.
    const again = `${documents[7]!} ${words(900, 2).join(' ')}`
    expect(groupsOf([...documents, again])).toEqual([[documents[7]!, again].sort()])
  })

  it('takes ten or more that share a template for different ones where only a name or a number differs', () => {
    const template = words(1, 60)
    const letters = Array.from({ length: 30 }, (_, n) => [...template, `product name${n} kind${n}`].join(' '))
    expect(jaccard(shingles(letters[0]!), shingles(letters[1]!))).toBeGreaterThan(0.8)
    expect(groupsOf(letters)).toEqual([])
    // The same product asked about again is found among them.
    const again = `${letters[3]!.toUpperCase()}!`
    expect(groupsOf([...letters, again])).toEqual([[letters[3]!, again].sort()])
    // Fewer are one text, asked about again.
    expect(groupsOf(letters.slice(0, 9)).map((group) => group.length)).toEqual([9])
  })

  it('finds a template by a sample where many share it, and no other words for its', () => {
    const template = words(1, 200)
    // Two in five have the same second page; it is no template's, and makes them alike.
    const page = words(2, 20)
    const own = (n: number): string[] => (n % 5 < 2 ? [...page, `note${n}`] : words(3 + n, 12))
    const letters = Array.from({ length: 1500 }, (_, n) => [...template, ...own(n)].join(' '))
    const groups = nearGroups(letters.map(shingles), 0.8)
    expect(groups.map((group) => group.length)).toEqual([600])
    expect(groups[0]!.every((place) => place % 5 < 2)).toBe(true)
  })

  it('keeps those together that hold nothing beside the template', () => {
    const template = words(1, 60)
    const products = Array.from({ length: 20 }, (_, n) => [...template, `product name${n} kind${n}`].join(' '))
    const bare = [template.join(' '), template.slice(0, 58).join(' ')]
    expect(groupsOf([...products, ...bare])).toEqual([bare.sort()])
  })

  it('makes nobody the duplicate of a prompt without words', () => {
    expect(groupsOf(['', '?', '...', '!'])).toEqual([])
    expect(groupsOf(['hello', 'hello', 'goodbye'])).toEqual([['hello', 'hello']])
  })
})
