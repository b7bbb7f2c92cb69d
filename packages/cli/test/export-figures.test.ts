import { expect, it } from 'vitest'
import { type Figures, figureLines } from '../src/export-figures.js'

const manifest: Figures = {
  statistics: {
    leaking_members: 0,
    effective_n: 41.6,
    users: 12,
    gini: 0.31,
    expected_noise: 0.25,
    languages: { de: 4, en: 40 },
    splits: { train: { rows: 40 }, validation: { rows: 4 } },
  },
  contamination: { sets: [] },
  trainer: { max_length_at_least: 1024, kto_desirable_weight: null },
}

it('says of an export what to know before training on it, nothing found included', () => {
  expect(figureLines(manifest)).toEqual([
    'splits         train 40, validation 4',
    'leakage        0 people, sessions and first questions on both sides of a split',
    'effective n    42 pairs of equal weight',
    'noise          25% of the pairs expected wrong',
    'people         12, Gini 0.31',
    'languages      en 40, de 4',
    'contamination  compared with no evaluation set',
    'in the trainer',
    '  max_length_at_least  1024',
    '  kto_desirable_weight  none',
  ])
  const sets = [{ rows: 3 }]
  expect(figureLines({ ...manifest, contamination: { sets } })).toContain('contamination  3 rows left, of 1 sets')
})
