import { expect, test } from 'vitest'
import { createMasterSecret, erasureId, erasureKey, subjectHmac } from '../src/index.js'

const master = createMasterSecret('a test secret of at least 32 characters')

test('the key of the hashes is the same at every start, and another one in every project and under every secret', () => {
  const key = erasureKey(master, 'p')
  expect(erasureKey(createMasterSecret('a test secret of at least 32 characters'), 'p')).toEqual(key)
  expect(erasureKey(master, 'q')).not.toEqual(key)
  expect(erasureKey(createMasterSecret('another secret of at least 32 characters'), 'p')).not.toEqual(key)
  for (const half of [key.k0, key.k1]) expect(BigInt(half)).toBeLessThan(2n ** 64n)
})

test('one subject has one erasure, whose id is a UUID that does not hold its HMAC', () => {
  const [ada, bob] = ['ada', 'bob'].map((user) => subjectHmac(master, 'p', 'user', user)) as [string, string]
  const id = erasureId(master, 'p', ada)
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(erasureId(master, 'p', ada)).toBe(id)
  expect(erasureId(master, 'p', bob)).not.toBe(id)
  expect(id.replaceAll('-', '')).not.toContain(ada.slice(0, 12))
})
