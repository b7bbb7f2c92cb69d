import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, listExports } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countExport, runExport } from '../src/index.js'
import { PROJECT, ROW_KEY, settled, store, WATERMARK } from './support.js'

describe('the count before a run', () => {
  let db: Database
  let outDir: string
  let remove: () => Promise<void>

  beforeAll(async () => {
    const opened = await store()
    db = opened.db
    outDir = opened.outDir
    remove = opened.remove
  })
  afterAll(() => remove())

  const common = { projectId: PROJECT, watermark: WATERMARK, rowKey: ROW_KEY }
  const count = (recipe: object) => countExport({ ...common, db, outDir, recipe, parent: 'latest' })
  const run = (recipe: object) =>
    runExport({ ...common, db, outDir, recipe, parent: 'latest', now: () => new Date(WATERMARK) })

  it('writes nothing, and says what the run after it makes, gate by gate', async () => {
    const counted = await count(settled)
    expect(await readdir(outDir).catch(() => [])).toEqual([])
    expect(await listExports(db, PROJECT)).toEqual([])
    const { pairs, unpaired, supervised, funnel } = await run(settled)
    expect(counted).toMatchObject({ pairs, unpaired, supervised, funnel, nothing: null, superseded: null })
    expect(counted.watermark).toBe(WATERMARK)
    const sum = (key: 'pairs' | 'unpaired' | 'supervised') =>
      counted.strategies.reduce((total, strategy) => total + strategy[key], 0)
    expect([sum('pairs'), sum('unpaired'), sum('supervised')]).toEqual([pairs, unpaired, supervised])
    expect(counted.strategies.find(({ strategy }) => strategy === 'edit.final')).toMatchObject({ pairs: 16 })
    expect(counted.splits).toEqual({ train: pairs + unpaired + supervised })
  })

  it('answers with the gate that takes everything and what mends it, where a run would be refused', async () => {
    const recipe = { ...settled, purpose: 'license' as const }
    const { nothing, pairs, strategies } = await count(recipe)
    expect([pairs, nothing?.gate]).toEqual([0, 'consent'])
    expect(strategies.some(({ candidates }) => candidates > 0)).toBe(true)
    await expect(run(recipe)).rejects.toMatchObject({ code: 'nothing_to_export', message: nothing?.detail })
    expect(nothing?.detail).toContain('flywheel consent declare')
  })

  it('counts of a delta what its chain has not given out, and of a recipe that is none only what is wrong', async () => {
    const delta = { ...settled, name: 'chain', mode: 'delta' as const }
    expect((await count(delta)).pairs).toBe(16)
    const first = await run(delta)
    const later = new Date(Date.parse(WATERMARK) + 1000).toISOString()
    const again = await countExport({ ...common, watermark: later, db, outDir, recipe: delta, parent: 'latest' })
    expect(again).toMatchObject({ parent: first.export_id, pairs: 0, superseded: 0, nothing: { gate: 'delta' } })
    await expect(count({ strategies: ['none'] })).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('holds rows against evaluation sets as a run does', async () => {
    await expect(count({ ...settled, decontaminate: { sets: ['bench'] } })).rejects.toThrow('evaluation set "bench"')
    const folder = join(outDir, 'evaluation-sets')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'bench.jsonl'), '"Case 1: when does the parcel of order 7 arrive?"\n')
    const { funnel } = await count({ ...settled, decontaminate: { sets: ['bench'] } })
    const { dropped } = funnel.find(({ gate }) => gate === 'decontamination') ?? {}
    expect(dropped).toMatchObject({ 'evaluation_set.bench': expect.any(Number) })
  })
})
