import type { EventLog } from '@flywheel/event-log'
import { createMetrics, healthRoutes, type Lifecycle, type Logger, openLate, serve } from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import { type Database, schemaDifference } from '@flywheel/store'
import { Hono } from 'hono'
import { createSink, type Sink, type SinkOptions } from './sink.js'

const READY_MS = 2000

/** What the sink service is built from; only `main.ts` knows which log and which store. */
export interface SinkServiceOptions {
  openLog: () => Promise<EventLog>
  openStore: () => Promise<Database>
  port: number
  host: string
  logger: Logger
  sink?: Omit<SinkOptions, 'log' | 'db' | 'logger' | 'metrics'>
}

/** The sink, with its port open. */
export interface SinkService {
  /** `http://host:port` of `/healthz`, `/readyz` and `/metrics`. */
  url: string
  /** Resolves when it consumes; rejects where log or store can never be opened as configured. */
  opened: Promise<void>
}

/**
 * The sink as a process of its own: one worker of the group, any number of them side by side. It consumes once the log
 * and a store with every migration of this version were reached; a store that has newer ones is fine.
 *
 * Its stop, as steps of the lifecycle: what is buffered is written within `drain_ms` and the partitions are given back,
 * then store, log and port close. What was not committed is the next worker's.
 */
export async function startSinkService(
  options: SinkServiceOptions,
  lifecycle: Pick<Lifecycle, 'onShutdown'>,
): Promise<SinkService> {
  const { logger } = options
  const metrics = createMetrics({ process: true })
  let sink: Sink | null = null
  let isStopping = false

  const app = new Hono()
  const readyz = {
    log: () => log.state,
    store: () => reachable(store.value, store.state),
    sink: async () => {
      if (isStopping) return 'it stops'
      if (sink === null) return 'it waits for the log and the store'
      // Not its status: a log that cannot tell what waits is no reason for the sink not to be ready.
      const last_error = sink.lastError()
      return last_error === null ? true : `${last_error.step} is repeated: ${last_error.code}`
    },
  } as const
  app.route('/', healthRoutes({ readyz, metrics }))
  // Last to close: a scrape during a long drain still answers.
  const served = await serve(app, { port: options.port, host: options.host })
  lifecycle.onShutdown('port', () => served.close())

  const log = openLate({ name: 'the log', open: options.openLog, close: (opened) => opened.close(), logger })
  lifecycle.onShutdown('log', () => log.close())
  const store = openLate({
    name: 'the store',
    open: () => openMigrated(options.openStore),
    close: (db) => db.close(),
    logger,
  })
  lifecycle.onShutdown('store', () => store.close())
  lifecycle.onShutdown('sink', async () => {
    isStopping = true
    await sink?.stop()
  })

  const opened = Promise.all([log.opened, store.opened]).then(async ([events, db]) => {
    if (isStopping) return
    sink = createSink({ ...options.sink, log: events, db, logger, metrics })
    await sink.start()
    logger.info('sink consumes')
  })
  logger.info({ url: served.url }, 'sink listens')
  return { url: served.url, opened }
}

/** A store that lacks a column of this version would take rows without it, and nobody would know. */
async function openMigrated(open: () => Promise<Database>): Promise<Database> {
  const db = await open()
  try {
    const { pending } = await schemaDifference(db)
    if (pending.length === 0) return db
    throw new FlywheelError(
      'store_unavailable',
      `The store lacks the migrations ${pending.join(', ')} of this version; run flywheel migrate`,
    )
  } catch (error) {
    await db.close()
    throw error
  }
}

async function reachable(db: Database | undefined, state: true | string): Promise<true | string> {
  if (db === undefined) return state
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${READY_MS} ms`), READY_MS)
  })
  try {
    return await Promise.race([db.query('SELECT 1').then(() => true as const), late])
  } finally {
    clearTimeout(timer)
  }
}
