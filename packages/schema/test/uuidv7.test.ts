import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createUuidv7, isUuidv7, uuidv7Time } from '../src/wire.js'

const bytes = (seed: number) => {
  let state = seed >>> 0
  return (length: number) =>
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state >>> 24
    })
}

test('ids increase as text whatever the clock does, and are UUIDv7', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }), fc.nat(), (steps, seed) => {
      let now = 1_800_000_000_000
      const next = createUuidv7(() => now, bytes(seed))
      let last = ''
      for (const step of steps) {
        now += step - 1
        const id = next()
        expect(isUuidv7(id)).toBe(true)
        expect(id > last).toBe(true)
        last = id
      }
    }),
  )
})

test('a millisecond that is full borrows the next and never repeats an id', () => {
  const next = createUuidv7(() => 1_800_000_000_000, bytes(3))
  const ids = Array.from({ length: 10_000 }, next)
  expect(new Set(ids).size).toBe(10_000)
  expect([...ids].sort()).toEqual(ids)
  expect(uuidv7Time(ids[9_999] as string) - 1_800_000_000_000).toBeLessThan(10)
})

test('the time of an id is the clock of its making', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (now) => {
      expect(uuidv7Time(createUuidv7(() => now, bytes(1))())).toBe(now)
    }),
  )
})
