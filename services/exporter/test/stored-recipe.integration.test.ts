import { bootstrapProject, createKeyDirectory, type KeyDirectory } from '@flywheel/control'
import { canonicalJson, type RecipeInput, type StoredRecipe, sha256 } from '@flywheel/curation'
import { createMasterSecret } from '@flywheel/keys'
import { createLogger, createMetrics } from '@flywheel/runtime'
import { type Database, deleteRecipe, getExport, listRuns, putRecipe } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createExporter, type ExportPlan, type ExportSummary, runExport } from '../src/index.js'
import { PROJECT, ROW_KEY, settled, store, WATERMARK } from './support.js'

let db: Database
let outDir: string
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, outDir, remove } = await store())
})
afterAll(() => remove())

async function put(name: string, recipe: RecipeInput, project_id = PROJECT): Promise<string> {
  const body = canonicalJson(recipe)
  const hash = sha256(body)
  await putRecipe(db, { project_id, name, hash, body, key_id: 'k1' })
  return hash
}

const run = (recipe: RecipeInput | StoredRecipe): Promise<ExportSummary> =>
  runExport({ db, projectId: PROJECT, recipe, watermark: WATERMARK, outDir, rowKey: ROW_KEY, now: () => new Date() })

describe('an export of a stored recipe', () => {
  it('is the export of the recipe itself, under the name that it is stored by', async () => {
    await put('edits', { ...settled, strategies: ['edit.final'] })
    const stored = await run({ stored: 'edits' })
    const written = await run({ ...settled, name: 'edits', strategies: ['edit.final'] })
    expect(stored).toMatchObject({ pairs: 16, unpaired: 0, supervised: 0 })
    expect(written).toMatchObject({ export_id: stored.export_id, reused: true })
    expect(await getExport(db, PROJECT, stored.export_id)).toMatchObject({ recipe_name: 'edits' })
  })

  it('takes the version in force when it runs, or the one that is named', async () => {
    const first = await put('versions', { ...settled, strategies: ['edit.final'] })
    await put('versions', { ...settled, strategies: ['thumbs.unpaired'] })
    expect(await run({ stored: 'versions' })).toMatchObject({ pairs: 0, unpaired: 8 })
    expect(await run({ stored: 'versions', hash: first.slice(0, 12) })).toMatchObject({ pairs: 16, unpaired: 0 })
  })

  it('is made once more from what it was, also after its recipe was deleted', async () => {
    await put('brief', { ...settled, strategies: ['sft.edit'] })
    const { export_id, supervised } = await run({ stored: 'brief' })
    await deleteRecipe(db, PROJECT, 'brief')
    await expect(run({ stored: 'brief' })).rejects.toMatchObject({ code: 'not_found' })
    const again = await runExport({
      db,
      projectId: PROJECT,
      asOf: export_id,
      outDir,
      rowKey: ROW_KEY,
      now: () => new Date(),
    })
    expect(again).toMatchObject({ export_id, supervised, reused: true })
  })
})

describe('a plan that names a stored recipe', () => {
  let keys: KeyDirectory
  const master = createMasterSecret('a test secret of at least 32 characters')
  beforeAll(async () => {
    const { project_id } = await bootstrapProject({ db, master })
    expect(project_id).toBe('default')
    keys = await createKeyDirectory({ db, master, refresh_ms: 60_000 })
  })
  afterAll(() => keys.close())

  it('fails with what is missing in the history of runs, and runs once the recipe is there', async () => {
    const asked: unknown[] = []
    const plan: Omit<ExportPlan, 'recipe'> = {
      name: 'nightly',
      timezone: 'UTC',
      projects: 'every',
      webhooks: [],
      destinations: [],
    }
    const exporter = await createExporter({
      worker: {
        outDir,
        run: async (request) => {
          asked.push(request.recipe)
          return await runExport({ ...request, projectId: 'default', db, outDir, now: () => new Date() })
        },
        count: () => Promise.reject(new Error('not asked for')),
        close: async () => {},
      },
      db,
      master,
      keys,
      logger: createLogger('test', { level: 'silent' }),
      metrics: createMetrics(),
      watermark: async () => WATERMARK,
      plans: [{ ...plan, recipe: { stored: 'edits', name: 'nightly' } }],
      projects: async () => ['default'],
      isAlone: true,
    })
    const refusal = { code: 'not_found', message: expect.stringContaining('flywheel recipe put edits FILE') }
    // Another project's recipe of that name is none of this one's.
    await expect(exporter.run({ project_id: 'default', plan: 'nightly' })).rejects.toMatchObject(refusal)
    const [run] = await listRuns(db, 'default', 1)
    expect(run).toMatchObject({ status: 'failed', recipe_name: 'nightly', error_code: 'not_found' })
    expect(run?.error).toContain('stores no recipe edits')
    await put('edits', {}, 'default')
    // Of this project nothing was captured: the recipe was found, and what it reads is empty.
    await expect(exporter.run({ project_id: 'default', plan: 'nightly' })).rejects.toMatchObject({
      code: 'nothing_to_export',
    })
    await expect(exporter.run({ project_id: 'default', recipe: { stored: 'edits' } })).rejects.toThrow('Nothing')
    expect((await listRuns(db, 'default', 1))[0]).toMatchObject({ status: 'empty', recipe_name: 'edits' })
    await exporter.close()
    expect(asked).toEqual([
      { stored: 'edits', name: 'nightly' },
      { stored: 'edits', name: 'nightly' },
      { stored: 'edits' },
    ])
  })
})
