import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { bootstrapProject, createKeyDirectory, type KeyDirectory } from '@flywheel/control'
import { createMasterSecret } from '@flywheel/keys'
import { createLogger, createMetrics, type Metrics } from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import {
  type Database,
  type ExportRunRow,
  insertProject,
  insertRows,
  listRuns,
  loadProjects,
  recipientsOf,
} from '@flywheel/store'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  createExporter,
  type Exporter,
  type ExporterOptions,
  type ExportPlan,
  type ExportSummary,
} from '../src/index.js'
import { EmptiedBy } from '../src/refusals.js'
import { store, WATERMARK } from './support.js'

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`
const master = createMasterSecret('a test secret of at least 32 characters')
const summary: ExportSummary = {
  export_id: 'e'.repeat(64),
  dir: '/a/path/of/the/server',
  pairs: 3,
  unpaired: 0,
  supervised: 0,
  funnel: [],
  manifest_path: '/a/path/of/the/server/manifest-00.json',
  first_row: { prompt: 'a canary text' },
  reused: false,
}

interface Told {
  type: string
  data: Record<string, unknown>
}

const YEARLY = '0 3 1 1 *'
const turnIn = (year: number): string => `${year}-01-01T03:00:00.000Z`
const year = new Date(Date.now() - 3 * 3_600_000).getUTCFullYear()
const [LAST_YEAR, THIS_YEAR] = [turnIn(year - 1), turnIn(year)]

/** Entries in the history of a plan by processes that are gone. */
const entryOf =
  (recipe_name: string) =>
  (n: number, status: 'published' | 'running', due_at: string): Record<string, unknown> => ({
    project_id: 'default',
    id: `01890000-0000-7000-8000-0000000000${String(n).padStart(2, '0')}`,
    recipe_name,
    cause: 'schedule',
    status,
    due_at,
    holder: 'a process that is gone',
    watermark: WATERMARK,
    created_at: new Date(Date.now() - 600_000 + n).toISOString(),
    begun_at: new Date(Date.now() - 590_000 + n).toISOString(),
    lease_until: new Date(Date.now() - 500_000).toISOString(),
  })

describe('runs of a plan', () => {
  let db: Database
  let outDir: string
  let remove: () => Promise<void>
  let keys: KeyDirectory
  let server: Server
  let plan: ExportPlan
  let metrics: Metrics
  const told: Told[] = []

  beforeAll(async () => {
    const opened = await store({ interactions: [], feedback: [] })
    db = opened.db
    remove = opened.remove
    outDir = opened.outDir
    await bootstrapProject({ db, master })
    metrics = createMetrics()
    keys = await createKeyDirectory({ db, master, refresh_ms: 60_000 })
    server = createServer(async (request, response) => {
      const headers = request.headers as Record<string, string>
      told.push(new Webhook(SECRET).verify(await text(request), headers) as Told)
      response.end()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const events = ['export.published', 'export.empty', 'export.failed'] as const
    const receiver = { name: 'ops', url, secret: SECRET, events, timeout_ms: 1000, retry_ms: [] }
    plan = { name: 'nightly', timezone: 'UTC', projects: 'every', recipe: {}, webhooks: [receiver], destinations: [] }
  })
  afterAll(async () => {
    server.close()
    keys.close()
    await remove()
  })

  const exporterOf = (
    run: ExporterOptions['worker']['run'],
    more: Partial<ExportPlan> = {},
    process: { db?: Database; count?: ExporterOptions['worker']['count'] } = {},
  ) =>
    createExporter({
      worker: {
        outDir,
        run,
        count: process.count ?? (() => Promise.reject(new Error('not asked for'))),
        close: async () => {},
      },
      db: process.db ?? db,
      master,
      keys,
      logger: createLogger('test', { level: 'silent' }),
      metrics,
      watermark: async () => WATERMARK,
      plans: [{ ...plan, ...more }],
      projects: async () => ['default'],
      isAlone: true,
    })

  it('tells its receivers what was published, without a row or a path, and keeps what became of the message', async () => {
    const exporter = await exporterOf(async () => summary)
    await exporter.run({ project_id: 'default', plan: 'nightly' })
    await exporter.close()
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ type: 'export.published', data: { export_id: summary.export_id, pairs: 3 } })
    expect(JSON.stringify(told)).not.toMatch(/canary|server/)
    const [run] = (await listRuns(db, 'default', 1)) as [ExportRunRow]
    expect(run).toMatchObject({ status: 'published', recipe_name: 'nightly', export_id: summary.export_id })
    expect(told[0]?.data['run_id']).toBe(run.id)
    expect(JSON.parse(run.deliveries)).toMatchObject([{ kind: 'webhook', name: 'ops', status: 'delivered' }])
  })

  it('tells what emptied an export and what broke one', async () => {
    told.length = 0
    const errors = [
      new FlywheelError('nothing_to_export', 'Nothing', { cause: new EmptiedBy('consent') }),
      new FlywheelError('store_failed', 'The store is away'),
    ]
    const exporter = await exporterOf(async () => {
      throw errors.shift()
    })
    for (const code of ['nothing_to_export', 'store_failed'])
      await expect(exporter.run({ project_id: 'default', plan: 'nightly' })).rejects.toMatchObject({ code })
    await exporter.close()
    expect(told.map(({ type, data }) => [type, data['gate'], data['error_code']]).sort()).toEqual([
      ['export.empty', 'consent', 'nothing_to_export'],
      ['export.failed', null, 'store_failed'],
    ])
  })

  it('note a bucket as a recipient of the export although its copy ends half-way', async () => {
    const limits = { part_bytes: 5 * 1024 * 1024, timeout_ms: 1000, deadline_ms: 1000 }
    const lake = {
      kind: 's3' as const,
      name: 'lake',
      bucket: 'datasets',
      prefix: 'sets/',
      force_path_style: true,
      ...limits,
    }
    const exporter = await exporterOf(async () => summary, { destinations: [lake] })
    const { export_id } = summary
    await expect(exporter.run({ project_id: 'default', plan: 'nightly' })).rejects.toThrow('not whole at lake')
    await exporter.close()
    const [recipient, ...others] = await recipientsOf(db, 'default', [export_id])
    expect(recipient).toMatchObject({ recipient: `s3://datasets/sets/${export_id}/`, note: 'copied by plan nightly' })
    expect(others).toEqual([])
  })

  it('runs by its schedule, one entry a turn, and catches a turn up that was missed', async () => {
    const run = vi.fn(async () => summary)
    const first = await exporterOf(run, { name: 'secondly', cron: '* * * * * *' })
    await vi.waitFor(() => expect(run.mock.calls.length).toBeGreaterThan(1), { timeout: 10_000 })
    await first.close()
    const turns = async () =>
      (await listRuns(db, 'default', 100)).filter(({ recipe_name }) => recipe_name === 'secondly')
    const before = await turns()
    expect(before).toHaveLength(run.mock.calls.length)
    expect(new Set(before.map(({ due_at }) => due_at)).size).toBe(before.length)
    expect(before.every(({ cause, status }) => cause === 'schedule' && status === 'published')).toBe(true)
    await new Promise((done) => setTimeout(done, 1100))
    const caughtUp = vi.fn(async () => summary)
    const second = await exporterOf(caughtUp, { name: 'secondly', cron: '* * * * * *' })
    await second.close()
    expect(caughtUp).toHaveBeenCalledTimes(1)
    expect(await turns()).toHaveLength(before.length + 1)
  })

  it('gives a turn up that two processes did not survive, tells of it, and takes the next one', async () => {
    told.length = 0
    metrics = createMetrics()
    const schedule = { name: 'deadly', cron: YEARLY }
    const entry = entryOf(schedule.name)
    const turns = async (): Promise<ExportRunRow[]> =>
      (await listRuns(db, 'default', 100)).filter(({ recipe_name }) => recipe_name === schedule.name)
    const run = vi.fn(async () => summary)
    const start = async (): Promise<Exporter> => {
      const exporter = await exporterOf(run, schedule)
      await exporter.close()
      return exporter
    }
    // The turn of the year before is what makes this year's a missed one.
    await insertRows(db, 'runs', [
      entry(1, 'published', LAST_YEAR),
      entry(2, 'running', THIS_YEAR),
      entry(3, 'running', THIS_YEAR),
    ])
    const third = await start()
    expect(run).not.toHaveBeenCalled()
    const [last, ...before] = await turns()
    expect(before).toHaveLength(3)
    expect(last).toMatchObject({ status: 'failed', error_code: 'internal', due_at: THIS_YEAR })
    expect(last?.error).toContain('2 times the process that ran it ended before the export did')
    expect(third.errors()).toMatchObject([{ part: 'exporter', code: 'internal' }])
    expect(told).toMatchObject([{ type: 'export.failed', data: { plan: 'deadly', due_at: THIS_YEAR } }])
    expect(await metrics.text()).toMatch(/flywheel_exporter_runs_total\{result="failed"\} 1/)
    // The turn is over: the next start has nothing to catch up.
    await start()
    expect(await turns()).toHaveLength(4)
    // One lost attempt is made once more, and so is a later turn.
    schedule.name = 'once'
    const once = entryOf(schedule.name)
    await insertRows(db, 'runs', [once(4, 'published', LAST_YEAR), once(5, 'running', THIS_YEAR)])
    await start()
    expect(run).toHaveBeenCalledTimes(1)
    expect((await turns())[0]).toMatchObject({ status: 'published', due_at: THIS_YEAR })
  })

  it('gives a turn up that was worked at when two processes ended, and none that only waited', async () => {
    let end: () => void = () => {}
    const ended = new Promise<never>((_, reject) => {
      end = () => reject(new Error('the process ended'))
    })
    const never = vi.fn(() => ended)
    const exporters: Exporter[] = []
    const turns = async (name: string): Promise<ExportRunRow[]> =>
      (await listRuns(db, 'default', 100)).filter(({ recipe_name }) => recipe_name === name)
    /** A process that ends once it has come so far: its store answers nothing any more, and its leases run out. */
    const lose = async (name: string, comeSoFar: (exporter: Exporter) => Promise<unknown>): Promise<void> => {
      let hasEnded = false
      const own = new Proxy(db, {
        get: (target, key) => (hasEnded ? () => ended : Reflect.get(target, key).bind(target)),
      })
      const exporter = await exporterOf(never, { name, cron: YEARLY }, { count: never, db: own })
      exporters.push(exporter)
      await comeSoFar(exporter)
      hasEnded = true
      const rows = await db.query<ExportRunRow>("SELECT * FROM runs FINAL WHERE status = 'running'")
      const later = (time: string, ms: number): string => new Date(Date.parse(time) + ms).toISOString()
      const silent = rows.map((row) => ({
        ...row,
        lease_until: later(row.lease_until, -100_000),
        updated_at: later(row.updated_at, 1),
      }))
      await insertRows(db, 'runs', silent)
    }
    const next = async (name: string): Promise<[runs: number, last: ExportRunRow | undefined]> => {
      const run = vi.fn(async () => summary)
      const exporter = await exporterOf(run, { name, cron: YEARLY })
      await exporter.close()
      return [run.mock.calls.length, (await turns(name))[0]]
    }

    await insertRows(db, 'runs', [entryOf('waits')(21, 'published', LAST_YEAR)])
    for (const entered of [2, 3]) {
      await lose('waits', async (exporter) => {
        // The worker has it before the turn, which asks the store first.
        exporter.count({ project_id: 'default' }).catch(() => undefined)
        await vi.waitFor(async () => expect(await turns('waits')).toHaveLength(entered), { timeout: 20_000 })
      })
    }
    expect(await next('waits')).toMatchObject([1, { status: 'published', due_at: THIS_YEAR }])

    await insertRows(db, 'runs', [entryOf('works')(22, 'published', LAST_YEAR)])
    for (const _ of [1, 2]) {
      never.mockClear()
      await lose('works', () => vi.waitFor(() => expect(never).toHaveBeenCalled(), { timeout: 20_000 }))
    }
    expect(await next('works')).toMatchObject([0, { status: 'failed', due_at: THIS_YEAR }])
    end()
    await Promise.all(exporters.map((exporter) => exporter.close()))
  })

  it('goes on with the projects that a turn had not come to when its process ended', async () => {
    const schedule = { name: 'of-two', cron: YEARLY, projects: ['default', 'second'] }
    const entry = entryOf(schedule.name)
    await insertProject(db, { ...(await loadProjects(db))[0]!, id: 'second' })
    await keys.refresh()
    await insertRows(db, 'runs', [
      entry(11, 'published', LAST_YEAR),
      { ...entry(12, 'published', LAST_YEAR), project_id: 'second' },
      entry(13, 'published', THIS_YEAR),
      { ...entry(14, 'running', THIS_YEAR), project_id: 'second' },
    ])
    const ran: string[] = []
    const exporter = await exporterOf(async ({ projectId }) => {
      ran.push(projectId)
      return summary
    }, schedule)
    await exporter.close()
    expect(ran).toEqual(['second'])
  })
})
