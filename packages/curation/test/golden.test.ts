import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { curate } from '../src/curate.js'
import { type Evidence, LayoutBuilder, type RecipeInput, recipeSchema, renderRow, targetOf } from '../src/index.js'
import { ports } from './support.js'

/*
 * A case is two files: golden/<name>.evidence.json ({ recipe, evidence }) and golden/<name>.rows.json (rows as a file
 * holds them, by shape, and what each gate dropped).
 */
const folder = new URL('./golden/', import.meta.url)
const cases = readdirSync(folder).filter((name) => name.endsWith('.evidence.json'))
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8'))

describe('golden', () => {
  it('has cases', () => expect(cases.length).toBeGreaterThan(0))
  it.each(cases)('%s', (name) => {
    const { recipe, evidence } = read(name) as { recipe: RecipeInput; evidence: Evidence }
    const set = curate(evidence, recipeSchema.parse(recipe), ports)
    const trl = targetOf('trl')
    const rows = trl.parts.flatMap((part) => {
      const mine = set.rows.filter((row) => part.shapes.includes(row.shape))
      const layouts = new LayoutBuilder(recipeSchema.parse({}))
      for (const row of mine) layouts.add(row)
      const [layout] = layouts.finish()
      return mine.map((row) => ({ shape: part.id, strategy: row.meta.strategy, ...renderRow(row, layout!) }))
    })
    const dropped = set.funnel.filter((step) => Object.keys(step.dropped).length > 0)
    const got = { rows, dropped: Object.fromEntries(dropped.map((step) => [step.gate, step.dropped])) }
    expect(got).toEqual(read(name.replace('.evidence.', '.rows.')))
  })
})
