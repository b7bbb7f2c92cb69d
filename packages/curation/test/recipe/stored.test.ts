import { expect, it } from 'vitest'
import { namesStored, parseStored } from '../../src/index.js'

it('a stored recipe is named as no path of a URL or a file could be misread', () => {
  expect(parseStored({ stored: 'nightly.v2' })).toEqual({ stored: 'nightly.v2' })
  for (const stored of ['', '..', '.hidden', '-x', 'a/b', 'a b', 'é', 'x'.repeat(101)])
    expect(() => parseStored({ stored }), stored).toThrow('stored: use 1 to 100 letters')
})

it('a reference holds nothing of a recipe but its name, so that nobody believes to have changed one', () => {
  expect(namesStored({ stored: 'nightly', targets: ['openai'] })).toBe(true)
  expect(() => parseStored({ stored: 'nightly', targets: ['openai'] })).toThrow('"targets"')
  expect(() => parseStored({ stored: 'nightly', hash: '12' })).toThrow('hash: use 8 to 64')
  expect(namesStored({ name: 'stored' })).toBe(false)
})
