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
  it('finds a role that no chat template knows, in every target that takes conversations', () => {
    const human = { ...pair, prompt: [{ role: 'human', content: 'q' }] }
    expect(codes([pair, human])).toEqual(['1 role_not_allowed'])
    const supervised = { messages: [{ role: 'human', content: 'q' }, ...says('a')] }
    for (const target of ['trl-messages', 'openai', 'tinker', 'axolotl', 'nemo-rl']) {
      expect(validateRecords([supervised], targetOf(target)).map(({ code }) => code)).toEqual(['role_not_allowed'])
    }
    const known = ['system', 'developer', 'user', 'tool'].map((role) => ({ role, content: 'q' }))
    expect(codes([{ ...pair, prompt: known }])).toEqual([])
  })
  it('finds a weight or a margin that is no number', () => {
    for (const column of ['weight', 'margin']) {
      expect(codes([{ ...pair, [column]: 0.5 }])).toEqual([])
      for (const value of ['0.5', null, true]) {
        expect(codes([{ ...pair, [column]: value }])).toEqual(['0 weight_not_a_number'])
      }
    }
    const messages = (weight: unknown): object => ({ messages: [user, { ...says('a')[0], weight }] })
    const judged = [0, 1, '1', 2].map((weight) => validateRecords([messages(weight)], targetOf('openai')))
    expect(judged.map((problems) => problems.map(({ code }) => code))).toEqual([
      [],
      [],
      ['weight_not_0_or_1'],
      ['weight_not_0_or_1'],
    ])
    const weighed = { messages: [user, ...says('a')], weight: '1' }
    expect(validateRecords([weighed], targetOf('trl-messages'))).toEqual([{ row: 0, code: 'weight_not_a_number' }])
  })
})
