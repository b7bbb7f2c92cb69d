import { describe, expect, it } from 'vitest'
import { type TargetRecord, targetOf, validateRecords } from '../../src/index.js'

const user = { role: 'user', content: 'q' }
const says = (content: string): object[] => [{ role: 'assistant', content }]
const pair = { prompt: [user], chosen: says('good'), rejected: says('bad') }
const codes = (records: TargetRecord[]): string[] =>
  validateRecords(records, targetOf('trl')).map(({ row, code }) => `${row} ${code}`)

describe('the validator of trl', () => {
  it('passes what TRL reads as it is meant', () => expect(codes([pair, { ...pair, prompt: [user, user] }])).toEqual([]))
  it.each([
    ['an empty file', [], '0 no_rows'],
    ['other columns than the first row', [pair, { ...pair, extra: 1 }], '1 columns_differ'],
    ['no prompt of its own', [{ chosen: pair.chosen, rejected: pair.rejected }], '0 columns_differ'],
    ['strings', [{ prompt: 'q', chosen: 'a', rejected: 'b' }], '0 not_conversational'],
    ['an empty side', [{ ...pair, chosen: says('') }], '0 empty_side'],
    ['two turns on a side', [{ ...pair, chosen: [...says('a'), ...says('b')] }], '0 not_one_turn'],
    ['equal sides', [{ ...pair, chosen: pair.rejected }], '0 same_sides'],
    ['a prompt that ends in an answer', [{ ...pair, prompt: [user, ...says('x')] }], '0 prompt_ends_with_assistant'],
  ])('finds %s', (_, records, expected) => expect(codes(records as TargetRecord[])).toEqual([expected]))
  it('finds a label that is no boolean', () => {
    expect(codes([{ prompt: [user], completion: says('a'), label: 1 }])).toEqual(['0 label_not_boolean'])
  })
})
