import { createKeyDirectory } from '@flywheel/control'
import type { EventLog } from '@flywheel/event-log'
import { createMasterSecret } from '@flywheel/keys'
import { createMetrics, healthRoutes, type Lifecycle, type Logger, openLate, problem, serve } from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import type { Database } from '@flywheel/store'
import { Hono } from 'hono'
import { createAccountingMetrics } from './accounting-metrics.js'
import { createApi } from './api.js'
import { createErasures, type Erasures } from './erasures.js'
import { createExporterClient } from './exporter-client.js'
import { requestMetrics } from './request-metrics.js'

/** The consumer group that carries the log into the tables. */
const SINK_GROUP = 'sink'

/** What the api service is built from; only `main.ts` knows which log and which store. */
export interface ApiServiceOptions {
  openLog: () => Promise<EventLog>
  openStore: () => Promise<Database>
  /** A session that only reads, for `POST /v1/query`. */
  openSql: () => Promise<Database>
  /** The one of all services, which keys are hashed and sealed with. */
  secret: string
  exporterUrl?: string | undefined
  /** How long the log keeps a record: an erasure is final once that, and the time to close a segment, has passed. */
  logRetentionMs: number
  port: number
  host: string
  logger: Logger
}

/** The api, listening. */
export interface ApiService {
  /** `http://host:port`. */
  url: string
  /** Rejects where log or store can never be opened as configured. */
  opened: Promise<void>
}

/**
 * The api as a process of its own. It listens at once; until log and store were reached, `/readyz` and every request say
 * which is missing. Its stop, as steps of the lifecycle: the port first, then what stands behind it.
 */
export async function startApiService(
  options: ApiServiceOptions,
  lifecycle: Pick<Lifecycle, 'onShutdown'>,
): Promise<ApiService> {
  const { logger } = options
  const metrics = createMetrics({ process: true })
  const master = createMasterSecret(options.secret)
  const log = openLate({ name: 'the log', open: options.openLog, close: (opened) => opened.close(), logger })
  lifecycle.onShutdown('log', () => log.close())
  const store = openLate({ name: 'the store', open: () => openStore(options, master), close: closeStore, logger })
  lifecycle.onShutdown('store', () => store.close())

  let api: Pick<Hono, 'fetch'> | null = null
  let erasures: Erasures | null = null
  lifecycle.onShutdown('erasures', () => erasures?.stop())
  const opened = Promise.all([log.opened, store.opened]).then(([events, { db, sql, keys }]) => {
    const port = {
      log_id: events.log_id,
      append: (record: Parameters<EventLog['append']>[0]) => events.append(record),
      progress: () => events.progress(SINK_GROUP),
      backlog: () => events.backlog(SINK_GROUP),
      waitingLines: () => events.waitingLines(SINK_GROUP),
      watermark: () => events.watermark(SINK_GROUP),
      retention_ms: options.logRetentionMs,
    }
    const onError = (error: unknown) => logger.warn({ error }, 'accounting cannot be counted')
    createAccountingMetrics({ db, log: port, metrics, onError })
    const exports = createExporterClient(options.exporterUrl, master)
    erasures = createErasures({ db, master, log: port, exports, logger })
    erasures.start()
    api = createApi({ db, sql, master, keys, exports, log: port, logger, errors: exports.errors, erasures })
  })

  const app = new Hono()
  app.use('/v1/*', requestMetrics(metrics))
  app.all('/v1/*', (c) => {
    if (api !== null) return api.fetch(c.req.raw)
    const missing = [log.state, store.state].find((state) => state !== true)
    return problem(c, new FlywheelError('store_unavailable', `${missing ?? 'The api starts'}; send the same again`))
  })
  const reachable = async (): Promise<true | string> => {
    if (store.value === undefined) return String(store.state)
    await store.value.db.query('SELECT 1')
    return true
  }
  app.route('/', healthRoutes({ readyz: { log: () => log.state, store: reachable }, metrics }))
  app.notFound((c) =>
    problem(c, new FlywheelError('not_found', `There is no ${c.req.method} ${c.req.path}; see GET /v1/openapi.json`)),
  )
  const served = await serve(app, { port: options.port, host: options.host })
  lifecycle.onShutdown('port', () => served.close())
  logger.info({ url: served.url }, 'api listens')
  return { url: served.url, opened }
}

interface Store {
  db: Database
  sql: Database
  keys: Awaited<ReturnType<typeof createKeyDirectory>>
}

async function openStore(
  options: Pick<ApiServiceOptions, 'openStore' | 'openSql' | 'logger'>,
  master: ReturnType<typeof createMasterSecret>,
): Promise<Store> {
  const db = await options.openStore()
  try {
    const sql = await options.openSql()
    try {
      const onError = (error: unknown) => options.logger.warn({ error }, 'keys cannot be refreshed')
      return { db, sql, keys: await createKeyDirectory({ db, master, onError }) }
    } catch (error) {
      await sql.close()
      throw error
    }
  } catch (error) {
    await db.close()
    throw error
  }
}

async function closeStore({ db, sql, keys }: Store): Promise<void> {
  keys.close()
  await sql.close()
  await db.close()
}
