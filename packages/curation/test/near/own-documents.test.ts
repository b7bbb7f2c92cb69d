import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ownDocuments } from '../../src/near/own-documents.js'
import { systemShingles } from '../../src/near/shingles.js'
import { mix32 } from '../../src/text/word-hashes.js'
import { words } from './words.js'

/** A row that asks a question under a system prompt, which stands for its own hash. */
function asked(question: number, system: string) {
  const system_shingles = systemShingles(system === '' ? [] : [{ role: 'system', content: system }])
  return { question, system_hash: system, sets: { system_shingles } }
}
const namesOf = (rows: ReturnType<typeof asked>[]): (string | null)[] =>
  ownDocuments(rows, 0.8).map((document) => document?.name ?? null)

const text = (from: number, length = 100): string => words(from, length).join(' ')
const TEMPLATE = text(1)

describe('ownDocuments', () => {
  it('leaves out what more than half of the system prompts of a question share', () => {
    const rows = Array.from({ length: 4 }, (_, n) => asked(0, `${TEMPLATE} ${text(10 + n, 60)}`))
    // 60 words and the four before them that a 5-gram reaches back over.
    expect(ownDocuments(rows, 0.8).map((document) => document?.shingles)).toEqual([60, 60, 60, 60])
    expect(new Set(namesOf(rows)).size).toBe(4)
  })

  it('takes what everything is asked under for a template, and what the same is asked of for documents', () => {
    const documents = Array.from({ length: 60 }, (_, n) => asked(n % 12, text(10 + Math.floor(n / 12))))
    // Five documents of which twelve questions are asked each: more questions than documents, and more than ten.
    expect(new Set(namesOf(documents))).toEqual(new Set([null]))
    const more = Array.from({ length: 240 }, (_, n) => asked(n % 12, text(10 + Math.floor(n / 12))))
    expect(new Set(namesOf(more)).size).toBe(20)
    expect(namesOf(more)).not.toContain(null)
  })

  it('takes a few different questions under one rare system prompt for questions about a document', () => {
    const product = Array.from({ length: 40 }, (_, n) => asked(n, TEMPLATE))
    const about = [asked(100, text(50)), asked(101, text(50)), asked(102, `${text(50)} Today is Monday.`)]
    expect(namesOf([...product, ...about]).slice(0, 40)).toEqual(product.map(() => null))
    expect(namesOf([...product, ...about]).slice(40)).toEqual([text(50), text(50), text(50)])
  })

  it('finds no document in a system prompt that is short or absent', () => {
    expect(namesOf([asked(0, ''), asked(0, text(3, 43)), asked(1, 'Be kind.')])).toEqual([null, null, null])
    expect(namesOf([asked(0, text(3, 44))])).toEqual([text(3, 44)])
  })

  it('says the same of each row in every order of them', () => {
    const rows = [
      ...Array.from({ length: 30 }, (_, n) => asked(n % 4, `${TEMPLATE} ${text(10 + (n % 9), 70)} Number ${n}.`)),
      ...Array.from({ length: 30 }, (_, n) => asked(10 + n, `${TEMPLATE} Be kind.`)),
    ]
    const expected = new Map(rows.map((row, i) => [row, namesOf(rows)[i]]))
    expect(new Set(expected.values()).size).toBe(10)
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
        const names = namesOf(shuffled)
        shuffled.forEach((row, i) => {
          expect(names[i]).toBe(expected.get(row))
        })
      }),
      { numRuns: 20 },
    )
  })

  it('counts an even sample of millions of 5-grams, and tells the same documents apart', () => {
    const template = systemShingles([{ role: 'system', content: text(1, 300) }])
    const rows = Array.from({ length: 2400 }, (_, n) => {
      const own = Int32Array.from({ length: 700 }, (_, i) => mix32(n * 700 + i))
      return {
        question: 0,
        system_hash: `s${n}`,
        sets: { system_shingles: Int32Array.from([...template, ...own]).sort() },
      }
    })
    const documents = ownDocuments([...rows, ...rows.slice(0, 10)], 0.8)
    expect(new Set(documents.slice(0, 2400).map((document) => document?.name)).size).toBe(2400)
    expect(documents.slice(2400)).toEqual(documents.slice(0, 10))
    const mean = documents.reduce((sum, document) => sum + document!.shingles, 0) / documents.length
    expect(Math.abs(mean - 700)).toBeLessThan(20)
  })
})
