import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMasterSecret, generateApiKey, hashApiKey, parseApiKey, verifyApiKey } from '../src/index.js'

const master = createMasterSecret('a'.repeat(32))
const other = createMasterSecret('b'.repeat(32))

describe('API keys', () => {
  test('a generated key parses to its kind and id, and no two are the same', () => {
    const keys = Array.from({ length: 200 }, (_, n) => generateApiKey({ kind: n % 2 === 0 ? 'sk' : 'pk' }))
    for (const [n, { id, key }] of keys.entries()) {
      expect(key).toMatch(/^fw_(sk|pk)_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}$/)
      expect(parseApiKey(key)).toEqual({ kind: n % 2 === 0 ? 'sk' : 'pk', id })
    }
    expect(new Set(keys.map(({ key }) => key)).size).toBe(200)
  })

  test('one wrong character anywhere is seen as a typo', () => {
    const { key } = generateApiKey({ kind: 'sk' })
    fc.assert(
      fc.property(fc.nat(key.length - 1), fc.constantFrom(...'0123456789ABCXYZabcxyz_-'), (at, letter) => {
        fc.pre(key[at] !== letter)
        expect(parseApiKey(key.slice(0, at) + letter + key.slice(at + 1))).toBeNull()
      }),
    )
    expect(parseApiKey(`${key} `)).toBeNull()
    expect(parseApiKey('')).toBeNull()
  })

  test('verifies against its own hash under its own pepper only', () => {
    const { key } = generateApiKey({ kind: 'sk' })
    const hash = hashApiKey(master, key)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(hash).not.toContain(key.slice(-10))
    expect(verifyApiKey(master, key, hash)).toBe(true)
    expect(verifyApiKey(master, generateApiKey({ kind: 'sk' }).key, hash)).toBe(false)
    expect(verifyApiKey(other, key, hash)).toBe(false)
    expect(verifyApiKey(master, key, hash.slice(2))).toBe(false)
    expect(verifyApiKey(master, key, '')).toBe(false)
  })
})
