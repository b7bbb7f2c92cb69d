import { expect, it } from 'vitest'
import { type CuratedRow, inputsOf, type Manifest, type RecipeInput, recipeSchema } from '../../src/index.js'
import { figureWarnings } from '../../src/publish/figure-warnings.js'
import { rowOf, says, setOf } from '../formats/rows.js'
import { manifestOf, renderShards } from '../rendered.js'
import { Story } from '../support.js'

const pair = (n: number, meta: Partial<CuratedRow['meta']> = {}): CuratedRow =>
  rowOf(
    { shape: 'preference', chosen: says(`better ${n}`), rejected: says(`worse ${n}`) },
    { component: `c${n}`, ...meta },
  )

const rowsIn = (split: string, count: number, meta: Partial<CuratedRow['meta']> = {}): CuratedRow[] =>
  Array.from({ length: count }, (_, n) => pair(n, { split, component: `${split}${n}`, ...meta }))

async function warned(
  rows: CuratedRow[],
  input: Omit<RecipeInput, 'preset'> = {},
  more: Partial<Pick<Manifest, 'strategies' | 'funnel'>> = {},
): Promise<string> {
  const recipe = recipeSchema.parse(input)
  const set = { ...setOf(rows), ...more }
  const { files, layouts } = await renderShards(set, recipe)
  const at = '2026-01-05T09:00:00.000Z'
  const identity = { watermark: at, cutoff: at, inputs: inputsOf(new Story().evidence()), recipe, parent: null }
  return figureWarnings(manifestOf('e'.repeat(64), identity, set, files, layouts)).join('\n')
}

const asked = [...rowsIn('train', 9), ...rowsIn('validation', 1)]

it('says nothing of a set whose figures are as they should be', async () => {
  expect(await warned(asked)).toBe('')
})

it('warns of labels that are expected wrong, above three tenths of the pairs', async () => {
  expect(await warned(asked.map((row) => ({ ...row, meta: { ...row.meta, prior: 0.62 } })))).toContain(
    'expect 38% of the pairs to be labelled the wrong way round',
  )
})

it('warns where most of the weight rests on priors that nobody measured', async () => {
  const strategy = (prior_source: string, rows: number) => ({
    strategy: prior_source,
    candidates: rows,
    kept: rows,
    priors: [{ prior: 0.75, prior_source, rows }],
    recalibration: null,
  })
  const text = await warned(asked, {}, { strategies: [strategy('measured', 4), strategy('judgement', 6)] })
  expect(text).toContain('60% of the weight rests on priors that are judgement')
  expect(await warned(asked, {}, { strategies: [strategy('measured', 6), strategy('judgement', 4)] })).toBe('')
})

it('warns of a split that is more than twice, or less than half, of what was asked', async () => {
  const large = await warned([...rowsIn('train', 6), ...rowsIn('validation', 7, { component: 'one' })])
  expect(large).toContain('`validation` has 53.8% of the rows where the recipe asks for 10%')
  expect(large).toContain('of which it has 1,')
  expect(await warned([...rowsIn('train', 8), ...rowsIn('validation', 2)])).toBe('')
  const small = await warned([...rowsIn('train', 9), ...rowsIn('evaluation', 1)], { evaluation: { share: 0.3 } })
  expect(small).toContain('`evaluation` has 10% of the rows where the recipe asks for 30%')
  expect(await warned([...rowsIn('train', 9), ...rowsIn('validation', 1)], { split: { validation: 0 } })).toBe('')
})

it('says what a selection left out', async () => {
  const funnel = [{ gate: 'selection', in: 50, out: 10, dropped: { over_budget: 30, not_vouched: 10 } }]
  const selection = { only: 'vouched', budget: 10, strata: { 'stub-1': 0.5 } } as const
  const text = await warned(asked, { selection }, { funnel })
  expect(text).toContain('10 others left')
  expect(text).toContain(
    'A budget of 10 rows of each shape was filled by information, in shares by model (stub-1 50%): 30',
  )
  expect(await warned(asked, {}, { funnel })).toBe('')
})
