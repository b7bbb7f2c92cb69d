import type { EventType } from '@flywheel/schema'
import { describe, expect, it } from 'vitest'
import type { Fate, JournalEntry } from '../src/journal.js'
import { type AccountingAnswer, judge, type Observed, type ProblemKind } from '../src/judge.js'

const entry = (id: string, fate: Fate = 'accepted', more: Partial<JournalEntry> = {}): JournalEntry => ({
  type: 'interaction',
  id,
  round: 1,
  fate,
  planted: null,
  isUncertain: false,
  ...more,
})

/** A journal, what is stored of it, and sums that agree with both, unless a test says otherwise. */
function kindsOf(
  entries: JournalEntry[],
  stored: Record<string, number>,
  more: { dead?: string[]; type?: EventType; plain?: number; sums?: Partial<AccountingAnswer> } = {},
): ProblemKind[] {
  const rows = new Map(Object.entries(stored))
  const dead = new Set(more.dead)
  const erased = entries.filter(({ fate }) => fate === 'erased').length
  const distinct = rows.size + dead.size + erased
  const accounting: AccountingAnswer = {
    created: entries.length,
    accepted: distinct,
    in_log_records: 0,
    distinct,
    receipt_lines: distinct,
    repeats: 0,
    stored: rows.size,
    dead_lettered: dead.size,
    erased,
    expired: 0,
    lost_records: 0,
    missing_count: 0,
    unreceipted_count: 0,
    duplicated_count: 0,
    balanced: true,
    ...more.sums,
  }
  const tables: Observed['tables'] = {
    interaction: new Map(),
    feedback: new Map(),
    link: new Map(),
    consent: new Map(),
    [more.type ?? 'interaction']: rows,
  }
  const plainIds = { interaction: rows.size, feedback: 0, link: 0, consent: 0 }
  if (more.plain !== undefined) plainIds.interaction = more.plain
  return judge(entries, { tables, plainIds, dead, accounting }).map(({ kind }) => kind)
}

describe('the judge', () => {
  it('finds nothing where journal, tables, dead letters and sums agree', () => {
    const entries = [
      entry('a'),
      entry('poison', 'accepted', { planted: 'poison' }),
      entry('invalid', 'rejected', { planted: 'invalid' }),
      entry('never answered', 'unknown'),
      entry('never answered, stored', 'unknown'),
      entry('shed at last, stored at first', 'rejected', { isUncertain: true }),
      entry('erased', 'erased'),
    ]
    const stored = { a: 1, 'never answered, stored': 1, 'shed at last, stored at first': 1 }
    expect(kindsOf(entries, stored, { dead: ['poison'] })).toEqual([])
  })

  it.each<[string, ProblemKind, () => ProblemKind[]]>([
    ['an acknowledged event that is nowhere', 'lost', () => kindsOf([entry('a'), entry('b')], { a: 1 })],
    [
      'planted poison that is no dead letter',
      'lost',
      () => kindsOf([entry('p', 'accepted', { planted: 'poison' })], {}),
    ],
    ['two rows of one id with FINAL', 'twice', () => kindsOf([entry('a')], { a: 2 })],
    ['a row that nobody sent', 'stranger', () => kindsOf([entry('a')], { a: 1, x: 1 })],
    ['a row of another type', 'stranger', () => kindsOf([entry('a', 'unknown')], { a: 1 }, { type: 'link' })],
    ['a rejected event that is stored', 'stranger', () => kindsOf([entry('a', 'rejected')], { a: 1 })],
    ['an id that FINAL hides', 'stranger', () => kindsOf([entry('a')], { a: 1 }, { plain: 2 })],
    ['a good event that is a dead letter', 'dead_unplanted', () => kindsOf([entry('a')], { a: 1 }, { dead: ['a'] })],
    ['an erased event that is stored', 'resurrected', () => kindsOf([entry('a', 'erased')], { a: 1 })],
    [
      'an erased event that is a dead letter',
      'resurrected',
      () => kindsOf([entry('a', 'erased')], {}, { dead: ['a'] }),
    ],
  ])('names %s: %s', (_, kind, kinds) => {
    expect(kinds()).toContain(kind)
  })

  it.each<Partial<AccountingAnswer>>([
    { balanced: false },
    { created: 0 },
    { stored: 2 },
    { dead_lettered: 1 },
    { repeats: 1 },
    { accepted: 2 },
    { missing_count: 1 },
    { unreceipted_count: 1 },
    { duplicated_count: 1 },
    { lost_records: 1 },
    { in_log_records: 1 },
    { expired: 1 },
    { erased: 1 },
    { distinct: 2 },
  ])('does not pass accounting with %o', (sums) => {
    expect(kindsOf([entry('a')], { a: 1 }, { sums })).toEqual(['accounting'])
  })
})
