import { setTimeout as wait } from 'node:timers/promises'
import { createKeyDirectory, type KeyDirectory } from '@flywheel/control'
import type { EventLog, LogRoom } from '@flywheel/event-log'
import { createMasterSecret } from '@flywheel/keys'
import {
  createMetrics,
  healthRoutes,
  type Late,
  type Lifecycle,
  type Logger,
  openLate,
  problem,
  serve,
} from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import type { Database } from '@flywheel/store'
import { createCollector } from './collector.js'
import type { CollectorLimits } from './limits.js'
import { createPressure, type PressureLimits } from './pressure.js'
import type { Quota } from './quotas.js'
import { NO_TRACING, type Tracing } from './tracing.js'

/** The consumer group whose backlog counts. */
const SINK_GROUP = 'sink'

type Log = Pick<EventLog, 'append' | 'backlog' | 'close'> & { room?(): LogRoom }

export interface CollectorServiceOptions {
  openLog: () => Promise<Log>
  openStore: () => Promise<Database>
  /** The one of all services, which keys are hashed and sealed with. */
  secret: string
  port: number
  host: string
  logger: Logger
  /** How long the stop of the whole process may take; answers under way get three fifths of it. @default 25_000 */
  shutdown_ms?: number
  limits?: Partial<CollectorLimits>
  pressure?: Partial<PressureLimits>
  quota?: Quota
  /** Closed last, so that the spans of the stop are sent too. */
  tracing?: Tracing
}

export interface CollectorService {
  /** `http://host:port`. */
  url: string
  /** Rejects where log or store can never be opened as configured. */
  opened: Promise<void>
}

/**
 * The collector as a process of its own. It listens at once; until the log and, through the store, the keys were reached
 * once, `/readyz` and every request say which is missing. From then on it needs the log alone: a store that is away
 * leaves it the keys that it knows.
 *
 * Its stop, as steps of the lifecycle: new requests are answered 503 `draining` and their connections closed, those under
 * way are answered, then the port, the keys and the log close.
 */
export async function startCollectorService(
  options: CollectorServiceOptions,
  lifecycle: Pick<Lifecycle, 'onShutdown'>,
): Promise<CollectorService> {
  const { logger, shutdown_ms = 25_000, tracing = NO_TRACING } = options
  lifecycle.onShutdown('traces', () => tracing.close())
  const metrics = createMetrics({ process: true })
  const master = createMasterSecret(options.secret)
  const log = openLate({ name: 'the log', open: options.openLog, close: (opened) => opened.close(), logger })
  lifecycle.onShutdown('log', () => log.close())
  const keys = openLate({
    name: 'the store with the keys',
    open: async () => {
      const db = await options.openStore()
      try {
        const directory = await createKeyDirectory({
          db,
          master,
          onError: (error) => logger.warn({ error }, 'keys cannot be refreshed'),
        })
        return { db, directory }
      } catch (error) {
        await db.close()
        throw error
      }
    },
    close: async ({ db, directory }) => {
      directory.close()
      await db.close()
    },
    logger,
  })
  lifecycle.onShutdown('keys', () => keys.close())

  const pressure = createPressure({ log: backlogOf(log), logger, metrics, limits: options.pressure ?? {} })
  lifecycle.onShutdown('pressure', () => pressure.close())
  const collector = createCollector({
    log: { append: async (record) => await reached(log).append(record) },
    keys: lateKeys(keys),
    master,
    logger,
    metrics,
    pressure,
    tracing,
    health: false,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.quota === undefined ? {} : { quota: options.quota }),
  })
  const { app } = collector
  const readyz = { collector: collector.readyz, log: () => log.state, keys: () => keys.state }
  app.route('/', healthRoutes({ readyz, metrics }))
  app.notFound((c) =>
    problem(c, new FlywheelError('not_found', `There is no ${c.req.method} ${c.req.path}; send POST /v1/events`)),
  )
  const limits = { close_ms: shutdown_ms / 5 }
  const served = await serve(app, { port: options.port, host: options.host, limits })
  lifecycle.onShutdown('port', async () => {
    // A client that sends its body slowly must not keep log and store from closing in time.
    await Promise.race([collector.drain(), wait(shutdown_ms * 0.6, undefined, { ref: false })])
    await served.close()
  })
  logger.info({ url: served.url }, 'collector listens')
  return { url: served.url, opened: Promise.all([log.opened, keys.opened]).then(() => {}) }
}

function reached(log: Late<Log>): Log {
  if (log.value === undefined) throw new FlywheelError('log_unavailable', `${log.state}; send the same again`)
  return log.value
}

function backlogOf(log: Late<Log>): Parameters<typeof createPressure>[0]['log'] {
  const none = { records: 0, lines: 0, bytes: 0, oldest_ms: 0 }
  return {
    backlog: async () => (await log.value?.backlog(SINK_GROUP)) ?? none,
    room: () => log.value?.room?.(),
  }
}

function lateKeys(late: Late<{ directory: KeyDirectory }>): KeyDirectory {
  return {
    get isLoaded() {
      return late.value !== undefined
    },
    lookup: (id) => late.value?.directory.lookup(id),
    project: (id) => late.value?.directory.project(id),
    ticketKey: (id, now) => late.value?.directory.ticketKey(id, now) ?? null,
    refresh: async () => await late.value?.directory.refresh(),
    close: () => late.value?.directory.close(),
  }
}
