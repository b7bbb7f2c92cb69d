import type { Manifest } from '@flywheel/curation'
import { expect, it } from 'vitest'
import { figureLines } from '../src/export-figures.js'

const manifest = {
  statistics: {
    leaking_members: 0,
    effective_n: 41.6,
    users: 12,
    gini: 0.31,
    expected_noise: 0.25,
    languages: { de: 4, en: 40 },
    splits: { train: { rows: 40, components: 9 }, validation: { rows: 4, components: 1 } },
  },
  contamination: { sets: [], hashes: [] },
  trainer: { max_length_at_least: 1024, kto_desirable_weight: null },
} as unknown as Manifest

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
  const sets = [{ set: 'own', items: 9, too_short: 0, rows: 3 }]
  expect(figureLines({ ...manifest, contamination: { sets, hashes: [] } })).toContain(
    'contamination  3 rows left, of 1 sets',
  )
})
