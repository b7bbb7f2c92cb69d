import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sideFeatures } from '../../src/artefacts/features.js'
import { hash32 } from '../../src/text/hash32.js'
import { comparable } from '../../src/text/normalise.js'

const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ' ',
        '\n',
        '-',
        '_',
        'K',
        '\u212a',
        '\u0130',
        'ſ',
        'é',
        'e\u0301',
        '٣',
        '½',
        '中文',
        '\ud835\udc00',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 90 },
  )
  .map((pieces) => pieces.join(''))

it('hashes what stands before a text as if both were one', () => {
  fc.assert(
    fc.property(text, text, (before, said) => {
      expect(hash32(said, before)).toBe(hash32(before + said))
    }),
  )
})

it('takes the 48 lowest hashes of the words that Unicode has letters and digits for', () => {
  fc.assert(
    fc.property(text, (content) => {
      const words =
        comparable(content)
          .toLowerCase()
          .match(/[\p{L}\p{N}]+/gu) ?? []
      const bag = [...new Set(words)].map((word) => hash32(`word ${word}`)).sort((a, b) => a - b)
      const features = sideFeatures({ role: 'assistant', content })
      expect([...features]).toEqual(expect.arrayContaining(bag.slice(0, 48)))
      expect(features).toContain(hash32(`last ${words.at(-1) ?? ''}`))
      expect(features).toContain(hash32(`second ${words[1] ?? ''}`))
      const others = new Set(bag.slice(48))
      expect([...features].filter((feature) => others.has(feature))).toEqual([])
    }),
    { numRuns: 500 },
  )
})
