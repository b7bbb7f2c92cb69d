import { createKeyDirectory, type KeyDirectory } from '@flywheel/control'
import type { EventLog } from '@flywheel/event-log'
import { createMasterSecret, type MasterSecret } from '@flywheel/keys'
import { createMetrics, healthRoutes, type Lifecycle, type Logger, openLate, problem, serve } from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import { type Database, loadProjects } from '@flywheel/store'
import { Hono } from 'hono'
import type { ExportPlan } from './export-plans.js'
import { createExporter } from './exporter.js'
import { exporterApp } from './exporter-app.js'
import type { ExporterWorker } from './exporter-worker.js'

/** The consumer group whose progress is the watermark. */
const SINK_GROUP = 'sink'

/** What the exporter service is built from; only `main.ts` knows which log and which store. */
export interface ExporterServiceOptions {
  openLog: () => Promise<Pick<EventLog, 'watermark' | 'close'>>
  openStore: () => Promise<Database>
  worker: ExporterWorker
  /** The one of all services. */
  secret: string
  /** @default exports run only when the api asks */
  plans?: readonly ExportPlan[] | undefined
  port: number
  host: string
  logger: Logger
}

/** The exporter, listening. */
export interface ExporterService {
  /** `http://host:port`. */
  url: string
  /** Rejects where log or store can never be opened as configured, or the schedule is none. */
  opened: Promise<void>
}

/**
 * The exporter as a process of its own: every project in turn by the schedule, and one when the api asks. It listens at
 * once; until log and store were reached, `/readyz` and every request say which is missing. Its stop waits for the run in
 * progress; a run that the deadline cuts off was never published, and the next start sweeps its folder.
 */
export async function startExporterService(
  options: ExporterServiceOptions,
  lifecycle: Pick<Lifecycle, 'onShutdown'>,
): Promise<ExporterService> {
  const { logger, plans, worker } = options
  const metrics = createMetrics({ process: true })
  const master = createMasterSecret(options.secret)
  const log = openLate({ name: 'the log', open: options.openLog, close: (opened) => opened.close(), logger })
  lifecycle.onShutdown('log', () => log.close())
  const store = openLate({
    name: 'the store',
    open: () => openStore(options, master),
    close: async ({ db, keys }) => {
      keys.close()
      await db.close()
    },
    logger,
  })
  lifecycle.onShutdown('store', () => store.close())

  let internal: Pick<Hono, 'fetch'> | null = null
  let endRuns: (() => Promise<void>) | null = null
  lifecycle.onShutdown('exports', () => endRuns?.())
  const opened = Promise.all([log.opened, store.opened]).then(async ([events, { db, keys }]) => {
    const exporter = await createExporter({
      worker,
      db,
      master,
      keys,
      logger,
      metrics,
      watermark: () => events.watermark(SINK_GROUP),
      plans,
      projects: async () => (await loadProjects(db)).map(({ id }) => id),
      isAlone: false,
    })
    endRuns = () => exporter.close()
    internal = exporterApp({ exporter, master, logger })
  })

  const app = new Hono()
  app.all('/internal/*', (c) => {
    if (internal !== null) return internal.fetch(c.req.raw)
    const missing = [log.state, store.state].find((state) => state !== true)
    return problem(c, new FlywheelError('store_unavailable', `${missing ?? 'The exporter starts'}; ask again`))
  })
  const reachable = async (): Promise<true | string> => {
    if (store.value === undefined) return String(store.state)
    await store.value.db.query('SELECT 1')
    return true
  }
  app.route('/', healthRoutes({ readyz: { log: () => log.state, store: reachable }, metrics }))
  app.notFound((c) => problem(c, new FlywheelError('not_found', `There is no ${c.req.method} ${c.req.path}`)))
  const served = await serve(app, { port: options.port, host: options.host })
  lifecycle.onShutdown('port', () => served.close())
  logger.info({ url: served.url }, 'exporter listens')
  return { url: served.url, opened }
}

async function openStore(
  { openStore, logger }: Pick<ExporterServiceOptions, 'openStore' | 'logger'>,
  master: MasterSecret,
): Promise<{ db: Database; keys: KeyDirectory }> {
  const db = await openStore()
  try {
    const onError = (error: unknown) => logger.warn({ error }, 'projects cannot be refreshed')
    return { db, keys: await createKeyDirectory({ db, master, onError }) }
  } catch (error) {
    await db.close()
    throw error
  }
}
