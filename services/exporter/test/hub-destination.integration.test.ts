import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FORMATS, readRecords } from '@flywheel/curation'
import { listRuns, recipientsOf } from '@flywheel/store'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type HubServer, startHubServer } from '../../../packages/hub/test/hub-server.js'
import type { ExportPlan } from '../src/index.js'
import { MINE, type World, world } from './erasures/support.js'
import { settled } from './support.js'

const TOKEN = 'hf_canary_of_the_token'

describe('a plan with a dataset of a stand-in for the Hub as its destination', () => {
  let the: World
  let hub: HubServer
  let plan: Partial<ExportPlan>
  beforeEach(async () => {
    the = await world()
    hub = await startHubServer(TOKEN)
    const where = { dataset: 'acme/feedback', token: TOKEN, public: false, endpoint: hub.url, deadline_ms: 60_000 }
    plan = { recipe: { ...settled, targets: ['hub'] }, destinations: [{ kind: 'hub', name: 'shared', ...where }] }
  })
  afterEach(async () => {
    await hub.stop()
    await the.remove()
  })

  it('commits the rows as the loader reads them, privately, and once', async () => {
    const exporter = await the.exporter(plan)
    const made = await exporter.run({ project_id: MINE, plan: 'nightly' })
    const repository = hub.repositories.get('acme/feedback')
    expect(repository).toMatchObject({
      private: true,
      commits: [{ summary: `Flywheel export ${made.export_id.slice(0, 12)}` }],
    })
    const path = 'data/preference/train-00000-of-00001.parquet'
    const bytes = repository?.files.get(path)?.bytes ?? Buffer.alloc(0)
    expect(bytes.equals(await readFile(join(made.dir, 'hub', path)))).toBe(true)
    const parquet = FORMATS.find(({ extension }) => extension === 'parquet')
    expect(await readRecords(parquet!, bytes)).toHaveLength(made.pairs)
    expect(repository?.files.get('README.md')?.bytes.toString()).toContain('data/preference/train-*.parquet')

    await exporter.run({ project_id: MINE, plan: 'nightly' })
    await exporter.close()
    expect(repository?.commits).toHaveLength(1)
    const [again, first] = await listRuns(the.db, MINE, 2)
    expect(JSON.parse(again?.deliveries ?? '')).toMatchObject([
      { kind: 'hub', status: 'delivered', written: 0, commit: null },
    ])
    expect(JSON.parse(first?.deliveries ?? '')).toMatchObject([
      { kind: 'hub', status: 'delivered', present: 0, commit: repository?.sha },
    ])
    expect(`${again?.deliveries}${first?.deliveries}`).not.toContain('canary')
  })

  it('is refused to a plan of every project where there are two: each would take the rows of the other away', async () => {
    const exporter = await the.exporter(plan, {}, [MINE, 'another'])
    const run = exporter.run({ project_id: MINE, plan: 'nightly' })
    await expect(run).rejects.toThrow('its destination shared holds the export of one; name the project in the plan')
    await exporter.close()
    expect(hub.asked).toEqual([])
    const own = await the.exporter({ ...plan, projects: [MINE] }, {}, [MINE, 'another'])
    await own.run({ project_id: MINE, plan: 'nightly' })
    await own.close()
    expect(hub.repositories.get('acme/feedback')?.commits).toHaveLength(1)
  })

  it('fails a run whose push fails, and names the repository where a person must erase by hand', async () => {
    const exporter = await the.exporter(plan)
    hub.token = 'hf_another'
    await expect(exporter.run({ project_id: MINE, plan: 'nightly' })).rejects.toThrow('not whole at shared')
    hub.token = TOKEN
    const made = await exporter.run({ project_id: MINE, plan: 'nightly' })
    const [recipient] = await recipientsOf(the.db, MINE, [made.export_id])
    expect(recipient?.recipient).toBe('hf://datasets/acme/feedback')
    await the.withdrawConsent('u2')
    const [erased] = await exporter.withdraw(MINE)
    await vi.waitFor(
      async () => expect(await the.deliveries()).toMatchObject([{ kind: 'hub', status: 'by_hand' }]),
      20_000,
    )
    await exporter.close()
    const [row] = await the.deliveries()
    expect(row?.remains).toContain(`flywheel export push ${erased?.replaced_by} --hub acme/feedback`)
    expect(row?.remains).toContain('super_squash_history("acme/feedback"')
  })
})
