import { expect, it } from 'vitest'
import { remember, rememberEach } from '../../src/text/remember.js'

function counted(): { compute: (text: string) => number; asked: string[] } {
  const asked: string[] = []
  return { asked, compute: (text) => asked.push(text) }
}

it('computes once for a text that was asked about lately, and again for one long ago', () => {
  const { compute, asked } = counted()
  const lookup = remember(compute)
  expect([lookup('a'), lookup('b'), lookup('a')]).toEqual([1, 2, 1])
  for (let other = 0; other < 63; other++) lookup(`other ${other}`)
  expect(lookup('a')).toBe(1)
  lookup('b')
  expect(asked.filter((text) => text === 'b')).toHaveLength(2)
})

it('keeps no long text', () => {
  const { compute, asked } = counted()
  const lookup = remember(compute)
  const long = 'x'.repeat(20_000)
  expect([lookup(long), lookup(long)]).toEqual([1, 2])
  expect(asked).toHaveLength(2)
})

it('computes once for each object, also where nothing comes of it', () => {
  let count = 0
  const lookup = rememberEach((_: object) => {
    count++
    return undefined
  })
  const [one, other] = [{}, {}]
  lookup(one)
  lookup(one)
  lookup(other)
  expect(count).toBe(2)
})
