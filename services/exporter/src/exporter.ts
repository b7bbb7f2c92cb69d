import { randomBytes, randomInt } from 'node:crypto'
import { hostname } from 'node:os'
import { basename } from 'node:path'
import type { KeyDirectory } from '@flywheel/control'
import { erasureKey, type MasterSecret, rowKey } from '@flywheel/keys'
import { createTurns, type Logger, type Metrics } from '@flywheel/runtime'
import { FlywheelError, isFlywheelError } from '@flywheel/schema'
import { type Database, lastTurn, runsUnderWay } from '@flywheel/store'
import { createAnnouncer } from './announcer.js'
import { copyToAll } from './copy-to-all.js'
import type { ExportCount } from './count-export.js'
import type { ErasedExport } from './erase-export.js'
import { eraseFromExports } from './erase-exports.js'
import { createErasureCourier } from './erasures/erasure-courier.js'
import { createExportFolders, type ExportFolders } from './export-folders.js'
import { type ExportPlan, plansOf } from './export-plans.js'
import type { ExporterWorker } from './exporter-worker.js'
import { createExporterMetrics } from './metrics.js'
import { gateOf } from './refusals.js'
import { createRunBook, type OpenRun } from './run-book.js'
import type { ExportSummary } from './run-export.js'
import { type Schedule, scheduleExports } from './schedule-exports.js'
import { describeUnexpected } from './unexpected-error.js'
import type { WebhookEvent } from './webhook.js'
import type { ExportRequest } from './worker-messages.js'

/** What exports are made of. */
export interface ExporterOptions {
  worker: ExporterWorker
  db: Database
  master: MasterSecret
  keys: Pick<KeyDirectory, 'project'>
  logger: Logger
  metrics: Metrics
  /** How far the sink has stored what was accepted: RFC 3339 UTC. */
  watermark: () => Promise<string>
  /** Recipes that run by themselves or by their name. @default none: only what is asked for */
  plans?: readonly ExportPlan[] | undefined
  /** Every project there is. */
  projects: () => Promise<readonly string[]>
  /** No other process runs exports of this store. */
  isAlone: boolean
  /** How often what was not delivered of an erasure is tried again. */
  erasures?: { redeliver_ms?: number; recheck_ms?: number } | undefined
  /** When each project's withdrawals and ends of retention are looked for, without any run. @default once an hour */
  withdrawalsCron?: string | undefined
}

/** An export as it is asked for from outside of the exporter. */
export interface ExportAsked {
  project_id: string
  /** As the caller sent it, unread. @default the default recipe */
  recipe?: unknown
  /** Name of a plan, in place of a recipe. */
  plan?: string
  /** Id of an earlier export, to make it once more. */
  as_of?: string
}

/** Exports of one process: asked for or by schedule, one at a time. */
export interface Exporter extends ExportFolders {
  run(asked: ExportAsked): Promise<ExportSummary>
  /** What a run of this would yield now, in its turn among the runs; nothing is written, and it is in no history. */
  count(asked: Omit<ExportAsked, 'as_of'>): Promise<ExportCount>
  /** Takes what was erased or withdrawn since out of every published export; every run begins with it. */
  withdraw(project_id: string): Promise<ErasedExport[]>
  /** The last failure of the schedule, if its latest turn failed. */
  errors(): { part: string; at: string; code: string; message: string }[]
  /** Starts no more and waits for the run in progress. */
  close(): Promise<void>
}

/** @throws FlywheelError `invalid_config` for a cron expression or a time zone that is none */
export async function createExporter(options: ExporterOptions): Promise<Exporter> {
  const { worker, db, master, keys, logger, watermark, plans = [], isAlone } = options
  const metrics = createExporterMetrics(options.metrics)
  const holder = `${hostname()}/${process.pid}/${randomBytes(4).toString('hex')}`
  const onError = (error: unknown): void => logger.warn({ error }, 'the lease of an export run cannot be renewed')
  const book = createRunBook({ db, holder, isAlone, onError })
  const announcer = createAnnouncer({
    metrics: options.metrics,
    logger,
    onError: (error) => logger.warn({ error }, 'what became of a webhook cannot be recorded'),
  })
  const courier = createErasureCourier({ db, plans, outDir: worker.outDir, announcer, logger, ...options.erasures })
  const failures = new Map<string, { part: string; at: string; code: string; message: string }>()

  function planOf(asked: ExportAsked): ExportPlan | undefined {
    if (asked.plan === undefined) return undefined
    const plan = plansOf(plans, asked.project_id).find(({ name }) => name === asked.plan)
    if (plan !== undefined) return plan
    const known = plans.map(({ name }) => name).join(', ') || 'none'
    throw new FlywheelError('not_found', `There is no export plan ${asked.plan} for this project; known: ${known}`)
  }

  async function request(asked: ExportAsked, plan: ExportPlan | undefined): Promise<ExportRequest> {
    const { project_id, as_of } = asked
    const project = keys.project(project_id)
    if (project === undefined) throw new FlywheelError('not_found', `The project ${project_id} does not exist`)
    const common = { projectId: project_id, rowKey: rowKey(master, project.row_key_sealed) }
    if (as_of !== undefined) return { ...common, asOf: as_of }
    // Read by the run, which refuses what is no recipe.
    const recipe = (plan?.recipe ?? asked.recipe) as ExportRequest['recipe']
    return { ...common, watermark: await watermark(), parent: 'latest', recipe }
  }

  // The worker does one thing at a time; here, so that a run that waits for it is known to wait.
  const works = createTurns()
  const atWork = <Result>(work: () => Promise<Result>): Promise<Result> => works.inTurn('worker', work)

  const { inTurn } = createTurns()
  // Two at once would each replace the same export by one of their own, and one of them would be the wrong one.
  const withdraw = (project_id: string): Promise<ErasedExport[]> => inTurn(project_id, () => withdrawNow(project_id))

  async function withdrawNow(project_id: string): Promise<ErasedExport[]> {
    const project = keys.project(project_id)
    if (project === undefined) throw new FlywheelError('not_found', `The project ${project_id} does not exist`)
    const erased = await eraseFromExports({
      db,
      projectId: project_id,
      rowKey: rowKey(master, project.row_key_sealed),
      erasureKey: erasureKey(master, project_id),
      outDir: worker.outDir,
      now: () => new Date(),
    })
    for (const each of erased) logger.info({ project_id, ...each }, 'rows left a published export')
    const missing = erased.filter(({ outcome }) => outcome === 'missing')
    // Notes what is to be told, and what an earlier process left to tell, and waits for no receiver.
    await courier.send(project_id, missing)
    return erased
  }

  /** One run from its entry in the history to its end there; null where another process has done this turn. */
  async function run(asked: ExportAsked, due_at: string | null): Promise<ExportSummary | null> {
    const plan = planOf(asked)
    const asks = await request(asked, plan)
    await withdraw(asked.project_id)
    const open = await book.begin({
      project_id: asked.project_id,
      recipe_name: plan?.name ?? nameOf(asked.recipe),
      cause: due_at === null ? 'request' : 'schedule',
      due_at,
      watermark: asks.watermark ?? null,
    })
    if (open === null) return null
    const stop = metrics.seconds.startTimer()
    const tell = (type: WebhookEvent, timestamp: string, data: Record<string, unknown>): void => {
      const about = { project_id: asked.project_id, plan: plan?.name ?? null, run_id: open.id, due_at, ...data }
      announcer.announce(
        plan?.webhooks ?? [],
        { id: `${open.id}.${type}`, type, timestamp, data: about },
        open.addDeliveries,
      )
    }
    try {
      return await runOpen(asks, open, plan, tell)
    } finally {
      stop()
    }
  }

  /** Of all projects each would take the rows of the one before out of the dataset, or add its own where they are read. */
  async function refuseShared(plan: ExportPlan | undefined): Promise<void> {
    const hub = plan?.destinations.find(({ kind }) => kind === 'hub')
    if (hub === undefined || plan?.projects !== 'every' || (await options.projects()).length < 2) return
    throw new FlywheelError(
      'invalid_config',
      `The plan ${plan.name} is of every project, and its destination ${hub.name} holds the export of one; name the project in the plan`,
    )
  }

  /** What ended the process twice would end it at every start, and the product with it where both are one process. */
  function refuseLost({ lost }: OpenRun, plan: ExportPlan | undefined): void {
    if (lost < ATTEMPTS_OF_A_TURN) return
    throw new FlywheelError(
      'internal',
      `This turn was given up: ${lost} times the process that ran it ended before the export did (too little memory, or it was stopped); give the process more memory, such as NODE_OPTIONS=--max-old-space-size=8192, or narrow the recipe's filter. The next turn tries again, or run it now: flywheel export run --plan ${plan?.name}`,
    )
  }

  async function runOpen(
    asks: ExportRequest,
    open: OpenRun,
    plan: ExportPlan | undefined,
    tell: Tell,
  ): Promise<ExportSummary> {
    let deliveries = ''
    try {
      refuseLost(open, plan)
      await refuseShared(plan)
      const summary = await atWork(async () => {
        await open.workBegins()
        return await worker.run({ ...asks, watermark: open.watermark ?? undefined }, (progress) =>
          logger.info({ project_id: asks.projectId, ...progress }, 'export goes on'),
        )
      })
      const copies = await copyToAll(
        { db, project_id: asks.projectId, note: `copied by plan ${plan?.name}` },
        plan?.destinations ?? [],
        summary,
      )
      deliveries = JSON.stringify(copies)
      const failed = copies.find(({ status }) => status === 'failed')
      if (failed !== undefined) {
        throw new FlywheelError(
          'store_unavailable',
          `Export ${summary.export_id} is published here and not whole at ${failed.name} (${failed.error}); run the plan again, it goes on where it ended`,
        )
      }
      const status = summary.reused ? 'reused' : 'published'
      metrics.runs.inc({ result: status })
      metrics.lastSuccess.setToCurrentTime()
      const { finished_at } = await open.end({ status, export_id: summary.export_id, deliveries })
      tell('export.published', finished_at, publishedData(summary))
      return summary
    } catch (error) {
      const status = codeOf(error) === 'nothing_to_export' ? 'empty' : 'failed'
      const gate = gateOf(error)
      metrics.runs.inc({ result: status })
      if (gate !== '') metrics.emptied.inc({ gate })
      const failure = { error_code: codeOf(error), error: messageOf(error) }
      const { finished_at } = await open.end({ status, gate, deliveries, ...failure })
      tell(`export.${status}`, finished_at, { gate: gate === '' ? null : gate, ...failure })
      throw error
    }
  }

  /** A failure of one project keeps none of the others from its turn. */
  async function turn(plan: ExportPlan, due: Date): Promise<void> {
    failures.delete(plan.name)
    for (const project_id of plan.projects === 'every' ? await options.projects() : plan.projects) {
      const about = { project_id, plan: plan.name }
      try {
        const summary = await run({ project_id, plan: plan.name }, due.toISOString())
        if (summary === null) logger.info(about, 'scheduled export was done by another process')
        else {
          const { export_id, pairs } = summary
          logger.info({ ...about, export_id, pairs }, 'scheduled export finished')
        }
      } catch (error) {
        // No feedback yet is the normal state of a young project, not a fault.
        if (codeOf(error) === 'nothing_to_export')
          logger.info({ ...about, error }, 'scheduled export had nothing to export')
        else fail(plan, error, project_id)
      }
    }
  }

  function fail(plan: ExportPlan, error: unknown, project_id?: string): void {
    note(plan.name, error)
    logger.error({ project_id, plan: plan.name, error }, 'scheduled export failed')
  }

  function note(name: string, error: unknown): void {
    const message = `${name}: ${messageOf(error)}`
    failures.set(name, { part: 'exporter', at: new Date().toISOString(), code: codeOf(error), message })
  }

  /** Of a project that runs no export nothing else would be taken out until somebody erases. */
  async function withdrawOfAll(): Promise<void> {
    failures.delete(WITHDRAWALS)
    for (const project_id of await options.projects()) {
      try {
        // A run begins with it.
        if ((await runsUnderWay(db, project_id)).length === 0) await withdraw(project_id)
      } catch (error) {
        failWithdrawals(error, project_id)
      }
    }
  }

  function failWithdrawals(error: unknown, project_id?: string): void {
    note(WITHDRAWALS, error)
    logger.error({ project_id, error }, 'withdrawals were not looked for')
  }

  const jobs: Schedule[] = []
  for (const plan of plans) {
    if (plan.cron === undefined) continue
    const projects = plan.projects === 'every' ? await options.projects() : plan.projects
    const lastDueAt = await lastWholeTurn(db, projects, plan.name)
    const onError = (error: unknown): void => fail(plan, error)
    jobs.push(
      scheduleExports({ cron: plan.cron, timezone: plan.timezone, lastDueAt, run: (due) => turn(plan, due), onError }),
    )
  }

  // At another minute in each process.
  const { withdrawalsCron = `${randomInt(60)} * * * *` } = options
  jobs.push(scheduleExports({ cron: withdrawalsCron, run: withdrawOfAll, onError: failWithdrawals }))

  return {
    async run(asked) {
      const summary = await run(asked, null)
      // Only a turn of a schedule is ever another's work.
      if (summary === null) throw new FlywheelError('internal', 'The export was not run; run it again')
      return summary
    },
    async count(asked) {
      const asks = await request(asked, planOf(asked))
      return await atWork(() => worker.count(asks))
    },
    withdraw,
    ...createExportFolders(db, worker.outDir),
    errors: () => [...failures.values()],
    async close() {
      await Promise.all(jobs.map((job) => job.stop()))
      await courier.close()
      await announcer.close()
      await works.ended()
      await worker.close()
    },
  }
}

/** Named beside the plans, whose names have no spaces, in what failed. */
const WITHDRAWALS = 'looking for withdrawals'

/** How often a turn of a schedule may be lost with its process before it is told as failed. */
const ATTEMPTS_OF_A_TURN = 2

type Tell = (type: WebhookEvent, timestamp: string, data: Record<string, unknown>) => void

/** What a receiver hears of a published export. No row and no path of this machine. */
function publishedData({
  export_id,
  pairs,
  unpaired,
  supervised,
  reused,
  manifest_path,
}: ExportSummary): Record<string, unknown> {
  return { export_id, pairs, unpaired, supervised, reused, manifest: basename(manifest_path) }
}

function codeOf(error: unknown): string {
  return isFlywheelError(error) ? error.code : 'internal'
}

function messageOf(error: unknown): string {
  return isFlywheelError(error) ? error.message : describeUnexpected(error)
}

/** The name that a recipe as sent gives itself, or is stored by, before anybody has read it. */
function nameOf(recipe: unknown): string {
  const { stored, name = stored } = (recipe ?? {}) as { stored?: unknown; name?: unknown }
  return typeof name === 'string' ? name.slice(0, 200) : 'default'
}

/**
 * The turn up to which every project that ever had one had its own: what was missed since then runs at the start, and
 * whoever had it already sits it out.
 */
async function lastWholeTurn(db: Database, projects: readonly string[], plan: string): Promise<Date | undefined> {
  const turns = await Promise.all(projects.map((project) => lastTurn(db, project, plan)))
  const times = turns.filter((due) => due !== null).map((due) => Date.parse(due))
  return times.length === 0 ? undefined : new Date(Math.min(...times))
}
