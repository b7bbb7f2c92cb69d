import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRecipe } from '@flywheel/curation'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readExportPlans, withDefaultPlan } from '../src/index.js'

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`

describe('a file of export plans', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flywheel-plans-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function read(text: string, cron?: string) {
    const path = join(folder, 'plans.yaml')
    await writeFile(path, text)
    const env = { HOOK: SECRET, EMPTY: '', HUB: 'hf_of_the_environment' }
    return withDefaultPlan(readExportPlans(path, env), { cron, timezone: 'UTC' })
  }

  it('reads what a recipe with its keys is told to write here', async () => {
    const told = (key: string): string => {
      try {
        parseRecipe({ [key]: 'x' })
      } catch (error) {
        return /FLYWHEEL_EXPORT_PLANS\): (.*)$/.exec((error as Error).message)?.[1]?.replace(' and ', '\n') ?? ''
      }
      return ''
    }
    const [scheduled] = await read(told('schedule'))
    expect(scheduled).toMatchObject({ name: 'nightly', cron: '0 3 * * *', recipe: { stored: 'NAME' } })
    const [copied] = await read(told('destinations'))
    expect(copied).toMatchObject({ destinations: [{ name: 'lake', kind: 's3', bucket: 'datasets' }] })
  })

  it('gives each recipe its own schedule, time zone and projects, inline or as a file beside it', async () => {
    await writeFile(join(folder, 'edits.yaml'), 'strategies: [edit.final]\nsettling: { draft_ms: 0 }\n')
    const plans = await read(`
recipes:
  - name: nightly
    cron: 0 3 * * *
    timezone: Europe/Berlin
    recipe: edits.yaml
  - name: weekly
    projects: [shop]
    recipe: { purpose: evaluate, targets: [evaluation] }
`)
    expect(plans).toEqual([
      {
        name: 'nightly',
        cron: '0 3 * * *',
        timezone: 'Europe/Berlin',
        projects: 'every',
        recipe: { name: 'nightly', strategies: ['edit.final'], settling: { draft_ms: 0 } },
        webhooks: [],
        destinations: [],
      },
      {
        name: 'weekly',
        timezone: 'UTC',
        projects: ['shop'],
        recipe: { name: 'weekly', purpose: 'evaluate', targets: ['evaluation'] },
        webhooks: [],
        destinations: [],
      },
    ])
  })

  it('may name a recipe that the server stores, which each run looks up under the name of the plan', async () => {
    const [plan] = await read('recipes: [{ name: weekly, recipe: { stored: edits } }]')
    expect(plan?.recipe).toEqual({ name: 'weekly', stored: 'edits' })
    await expect(read('recipes: [{ name: weekly, recipe: { stored: a/b } }]')).rejects.toThrow('weekly: The reference')
    const twoInOne = 'recipes: [{ name: weekly, recipe: { stored: edits, targets: [openai] } }]'
    await expect(read(twoInOne)).rejects.toThrow('"targets"')
  })

  it('stands beside the default recipe, which the environment schedules', async () => {
    const plans = await read('recipes: [{ name: weekly }]', '0 4 * * *')
    expect(plans.map(({ name, cron }) => [name, cron])).toEqual([
      ['default', '0 4 * * *'],
      ['weekly', undefined],
    ])
    await expect(read('recipes: [{ name: default }]', '0 4 * * *')).rejects.toThrow('FLYWHEEL_EXPORT_CRON')
  })

  it('names receivers once and gives each plan its own, with secrets that stand elsewhere', async () => {
    const [plan] = await read(`
recipes: [{ name: a, webhooks: [training] }]
webhooks:
  training: { url: 'https://example.org/hook', secret_env: HOOK, events: [export.published] }
  unused: { url: 'https://example.org/', secret: ${SECRET} }
`)
    expect(plan?.webhooks).toEqual([
      {
        name: 'training',
        url: 'https://example.org/hook',
        secret: SECRET,
        events: ['export.published'],
        timeout_ms: 10_000,
        retry_ms: [1000, 5000, 30_000, 120_000],
      },
    ])
  })

  it('says where a file is no YAML and quotes nothing of it', async () => {
    const text = `webhooks:\n  training: { url: 'https://example.org/', secret: ${SECRET}\nrecipes: []\n`
    const error: Error = await read(text).then(
      () => new Error('was read'),
      (reason) => reason,
    )
    expect(error.message).toMatch(/ at line \d+, column \d+; correct the file/)
    expect(error.message).not.toContain('whsec_')
  })

  it('finds the token of a dataset of the Hub where the file says, and the file holds none itself', async () => {
    await writeFile(join(folder, 'token'), 'hf_of_the_file\n')
    const [plan] = await read(`
recipes: [{ name: a, recipe: { targets: [hub] }, destinations: [one, two] }]
destinations:
  one: { kind: hub, dataset: acme/feedback, token_env: HUB }
  two: { kind: hub, dataset: acme/open, public: true, token_file: ${join(folder, 'token')} }
`)
    expect(plan?.destinations).toMatchObject([
      { kind: 'hub', name: 'one', dataset: 'acme/feedback', public: false, token: 'hf_of_the_environment' },
      { kind: 'hub', name: 'two', dataset: 'acme/open', public: true, token: 'hf_of_the_file' },
    ])
    await expect(read('destinations: { b: { kind: hub, dataset: a/b, token: hf_x } }')).rejects.toThrow('token')
  })

  it.each([
    ['recipes: [{ name: a, webhooks: [b] }]', /a: there is no webhook named b; known: none/],
    ['webhooks: { b: { url: "https://b.example", secret_env: ABSENT } }', /set ABSENT/],
    ['webhooks: { b: { url: "https://b.example", secret: hunter2 } }', /openssl/],
    ['webhooks: { b: { url: "https://b.example" } }', /give one of secret and secret_env/],
    ['recipes: [{ name: a, destinations: [b] }]', /a: there is no destination named b/],
    ['destinations: { b: { kind: s3, bucket: x, prefix: /a } }', /end it with a slash/],
    ['destinations: { b: { kind: hub, dataset: feedback } }', /write it as ORGANISATION\/NAME/],
    ['destinations: { b: { kind: hub, dataset: a/b } }', /destination b: in HF_TOKEN is no token/],
    ['destinations: { b: { kind: hub, dataset: a/b, token_env: HOOK } }', /in HOOK is something else than a token/],
    ['destinations: { b: { kind: hub, dataset: a/b, token_file: /none/here } }', /in \/none\/here is no token/],
    [
      'recipes: [{ name: a, destinations: [b] }]\ndestinations: { b: { kind: hub, dataset: a/b, token_env: HUB } }',
      /a: its destination is the Hub.*add hub to the targets/,
    ],
    ['destinations: { b: { kind: hub, dataset: ../models } }', /write it as ORGANISATION\/NAME/],
    [
      'recipes: [{ name: a, projects: [p, q], recipe: { targets: [hub] }, destinations: [b] }]\ndestinations: { b: { kind: hub, dataset: a/b, token_env: HUB } }',
      /a: a\/b holds the export of one project/,
    ],
    [
      'recipes: [{ name: a, recipe: { targets: [hub] }, destinations: [b] }, { name: c, recipe: { targets: [hub] }, destinations: [d] }]\ndestinations: { b: { kind: hub, dataset: a/b, token_env: HUB }, d: { kind: hub, dataset: a/b, token_env: HUB } }',
      /c: a pushes to a\/b too/,
    ],
    [
      'destinations: { b: { kind: s3, bucket: x }, c: { kind: s3, bucket: x, endpoint: "https://s3.example" } }',
      /destination c: b is s3:\/\/x\/ too, at another endpoint/,
    ],
    [
      'destinations: { b: { kind: s3, bucket: x, endpoint: "https://k:p@s3.example" } }',
      /leave user name and password out/,
    ],
    ['webhooks: { b: { url: "https://u:p@b.example", secret_env: HOOK } }', /leave user name and password out/],
    ['webhooks: { b: { url: "file:///etc/passwd", secret_env: HOOK } }', /http or https/],
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
