import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportPlans } from '../src/index.js'

describe('a file of export plans', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flywheel-plans-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function read(text: string, cron?: string) {
    const path = join(folder, 'plans.yaml')
    await writeFile(path, text)
    return exportPlans({ cron, timezone: 'UTC', path })
  }

  it('gives each recipe its own schedule, time zone and projects, inline or as a file beside it', async () => {
    await writeFile(join(folder, 'edits.yaml'), 'strategies: [edit.final]\nsettling: { draft_ms: 0 }\n')
    const { plans } = await read(`
recipes:
  - name: nightly
    cron: 0 3 * * *
    timezone: Europe/Berlin
    recipe: edits.yaml
  - name: weekly
    projects: [shop]
    recipe: { purpose: evaluate }
`)
    expect(plans).toEqual([
      {
        name: 'nightly',
        cron: '0 3 * * *',
        timezone: 'Europe/Berlin',
        projects: 'every',
        recipe: { name: 'nightly', strategies: ['edit.final'], settling: { draft_ms: 0 } },
      },
      { name: 'weekly', timezone: 'UTC', projects: ['shop'], recipe: { name: 'weekly', purpose: 'evaluate' } },
    ])
  })

  it('stands beside the default recipe, which the environment schedules', async () => {
    const { plans } = await read('recipes: [{ name: weekly }]', '0 4 * * *')
    expect(plans.map(({ name, cron }) => [name, cron])).toEqual([
      ['default', '0 4 * * *'],
      ['weekly', undefined],
    ])
    await expect(read('recipes: [{ name: default }]', '0 4 * * *')).rejects.toThrow('FLYWHEEL_EXPORT_CRON')
  })

  it.each([
    ['recipes: [{ name: a, cron: often }]', /a: "often" \(UTC\)/],
    ['recipes: [{ name: a, cron: 0 3 * * *, timezone: Mars/Base }]', /Mars\/Base/],
    ['recipes: [{ name: a }, { name: a }]', /two recipes are named a/],
    ['recipes: [{ name: a, recipe: { strategies: [none] } }]', /a: .*unknown strategy "none"/],
    ['recipes: [{ name: a, recipe: { settle: 1 } }]', /settle/],
    ['recipes: [{ name: a, recipe: absent.yaml }]', /absent\.yaml/],
    ['recipes: [{ name: a, every: day }]', /every/],
    ['recipes: {', /plans\.yaml/],
  ])('refuses %s and says why', async (text, why) => {
    await expect(read(text)).rejects.toThrow(why)
  })
})
