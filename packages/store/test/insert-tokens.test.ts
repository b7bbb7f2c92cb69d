import { expect, test } from 'vitest'
import { createInsertTokens, replicatedTokens } from '../src/insert-tokens.js'

test('a token repeats until it fails, and never in another opening', () => {
  const tokens = createInsertTokens()
  const first = tokens.of('links', 'a')
  expect(tokens.of('links', 'a')).toBe(first)
  expect(createInsertTokens().of('links', 'a')).not.toBe(first)
  tokens.ended('links', 'a', true)
  const second = tokens.of('links', 'a')
  expect(second).not.toBe(first)
  expect(tokens.of('feedback', 'a')).toBe(first)
  tokens.ended('links', 'a', true)
  expect([first, second]).not.toContain(tokens.of('links', 'a'))
  expect(tokens.of('links', undefined)).not.toBe(tokens.of('links', undefined))
})

test('on a cluster a repeat carries the same token whatever happened, because Keeper knows what went in', () => {
  const tokens = replicatedTokens()
  tokens.ended('links', 'a', true)
  expect(tokens.of('links', 'a')).toBe('a')
  expect(tokens.of('links', undefined)).not.toBe(tokens.of('links', undefined))
})
