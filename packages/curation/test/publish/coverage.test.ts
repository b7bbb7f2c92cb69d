import { expect, it } from 'vitest'
import { coverageOf, type Manifest, recipeSchema } from '../../src/index.js'
import { coverageSection, coverageWarnings } from '../../src/publish/coverage-section.js'

const row = (task: string, surface = 'desk', expertise: 0 | 1 | 2 = 0) => ({ task, surface, expertise })
const group = (task: string, interactions: number, surface = 'desk') => ({ task, surface, interactions })

function told(coverage: Manifest['coverage'], more: Partial<Manifest> = {}): string {
  const statistics = { languages: { de: 1, en: 2 } }
  const manifest = { kind: 'full', recipe: recipeSchema.parse({}), coverage, statistics, ...more } as Manifest
  return [...coverageWarnings(manifest), ...coverageSection(manifest)].join('\n')
}

it('holds rows against what was captured, most captured first', () => {
  const captured = [group('reply', 30), group('reply', 10, 'mail'), group('summary', 60)]
  const coverage = coverageOf([row('reply', 'mail', 2), row('reply'), row('reply', 'desk', 1)], captured)
  expect(coverage).toEqual({
    captured: 100,
    tasks: {
      groups: [
        { name: 'summary', captured: 60, rows: 0 },
        { name: 'reply', captured: 40, rows: 3 },
      ],
      others: null,
    },
    surfaces: {
      groups: [
        { name: 'desk', captured: 90, rows: 2 },
        { name: 'mail', captured: 10, rows: 1 },
      ],
      others: null,
    },
    roles: { reviewer: 1, expert: 1, other: 1 },
  })
  expect(told(coverage)).toContain('| task | reply | 40 | 40% | 3 | 100% |')
  expect(told(coverage)).toContain(
    'by a reviewer: 1 rows, by an expert: 1, by neither: 1. Languages of the rows: de 1, en 2;',
  )
})

it('names twenty groups and sums up the rest', () => {
  const captured = Array.from({ length: 25 }, (_, n) => group(`t${String(n).padStart(2, '0')}`, 100 - n))
  const { tasks } = coverageOf([row('t24'), row('t00')], captured)
  expect(tasks.groups).toHaveLength(20)
  expect(tasks.others).toEqual({ groups: 5, captured: 80 + 79 + 78 + 77 + 76, rows: 1 })
  expect(told(coverageOf([row('t24')], captured))).toContain('| task | 5 others | 390 |')
})

it('warns of groups with traffic and no row, but of a delta and of a filtered set', () => {
  const captured = [group('reply', 3), ...Array.from({ length: 6 }, (_, n) => group(`x|${n}`, 2))]
  const coverage = coverageOf([row('reply')], captured)
  expect(told(coverage)).toContain(
    'No row is of these tasks, though interactions of them were captured: x 0 (2), x 1 (2), x 2 (2), x 3 (2), x 4 (2) and 1 more.',
  )
  expect(told(coverage)).not.toContain('these surfaces')
  expect(told(coverage, { kind: 'delta' })).not.toContain('No row is of')
  expect(told(coverage, { recipe: recipeSchema.parse({ filter: { task: 'reply' } }) })).not.toContain('No row is of')
})

it('says nothing of a set that was not held against anything', () => {
  expect(told(undefined)).toBe('')
})
