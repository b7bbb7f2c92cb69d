import { mkdir } from 'node:fs/promises'
import { createAccountingMetrics, createApi, createErasures } from '@flywheel/api'
import { createCollector, createPressure } from '@flywheel/collector'
import { bootstrapProject, createKeyDirectory } from '@flywheel/control'
import { openLocalLog } from '@flywheel/event-log'
import { createExporter, createExporterWorker, withDefaultPlan } from '@flywheel/exporter'
import { createMasterSecret } from '@flywheel/keys'
import { createLifecycle, createLogger, createMetrics, type Logger, problem, serve } from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import { createSink } from '@flywheel/sink'
import { migrate, openEmbedded, openEmbeddedReadOnly } from '@flywheel/store'
import { Hono } from 'hono'
import { createBackup } from './backup.js'
import { openClickHouseFront } from './clickhouse-front.js'
import type { StandaloneConfig } from './config.js'
import { type DataDir, openDataDir, readSecret } from './data-dir.js'
import { endIfStuck } from './end-if-stuck.js'
import { replaceLostKeys } from './local-keys.js'

const SINK_GROUP = 'sink'
/** Limits of one statement of `POST /v1/query`. */
const SQL_LIMITS = { max_execution_time_s: 30, max_memory_bytes: 2 ** 30, max_rows_to_read: 100_000_000 }

/** Options of `startStandalone`. */
export interface StandaloneOptions extends StandaloneConfig {
  /** A key that the caller has from an earlier start. While it works no keys are made. */
  knownKey?: string | undefined
  /** @default one that writes JSON to stderr at `logLevel` */
  logger?: Logger
}

/** The embedded profile, running. */
export interface Standalone {
  /** Of collector and api alike. */
  url: string
  dataDir: string
  /** Of the store for ClickHouse's clients, where it was asked for. */
  clickhouseUrl?: string
  /** Plain keys, where this start made any: print them once. */
  keys?: { secret: string; public: string }
  /** Stops accepting, stores what was accepted, then closes. Runs once; what is left comes again at the next start. */
  stop(): Promise<void>
}

/**
 * Starts collector, log, sink, store, exporter and api in this process, on one port.
 *
 * The order of starting is the reverse order of stopping: the port closes first, then exports end, then the sink
 * stores what the log has, then log and store close. A process that is killed at any point starts again: log and
 * store recover what they acknowledged, and their locks end with the process.
 *
 * @throws FlywheelError one sentence: `port_in_use`, `store_locked`, `store_unavailable` or `invalid_config`
 * @example
 * const server = await startStandalone(loadStandaloneConfig(process.env))
 */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  if (!isLoopback(options.host) && options.secret === undefined) {
    throw new FlywheelError(
      'invalid_config',
      `The address ${options.host} can be reached from outside, and FLYWHEEL_SECRET is not set; set it (openssl rand -hex 32) or use 127.0.0.1`,
    )
  }
  const logger = options.logger ?? createLogger('flywheel', { level: options.logLevel })
  const dir = await openDataDir(options.dataDir)
  const lifecycle = createLifecycle({ logger })
  try {
    const started = await startParts(options, dir, logger, lifecycle.onShutdown)
    return {
      ...started,
      dataDir: dir.path,
      stop: async () => {
        await lifecycle.shutdown()
      },
    }
  } catch (error) {
    await lifecycle.shutdown()
    throw error
  }
}

async function startParts(
  options: StandaloneOptions,
  dir: DataDir,
  logger: Logger,
  onShutdown: (name: string, stop: () => void | Promise<void>) => void,
): Promise<Pick<Standalone, 'url' | 'clickhouseUrl' | 'keys'>> {
  const metrics = createMetrics({ process: true })
  // The log first: its lock names the process that has the directory, before anything is written.
  const log = await openLocalLog({
    path: dir.log,
    ...(options.logMaxBytes === undefined ? {} : { max_bytes: options.logMaxBytes }),
  })
  onShutdown('log', () => log.close())
  const master = createMasterSecret(await readSecret(dir, options.secret))

  await mkdir(dir.store, { recursive: true, mode: 0o700 })
  const db = await openEmbedded({ path: dir.store })
  onShutdown('store', () => db.close())
  await migrate(db)
  const { project_id, keys: firstKeys } = await bootstrapProject({ db, master })
  // Before any key is made: it opens the sealed ones, and a wrong secret must not leave a key that the right one cannot
  // open, or that start would be the directory's last.
  const keys = await createKeyDirectory({
    db,
    master,
    onError: (error) => logger.warn({ error }, 'keys cannot be refreshed'),
  })
  onShutdown('keys', () => keys.close())
  const made = firstKeys ?? (await replaceLostKeys(db, master, project_id, options.knownKey))
  if (made !== null) await keys.refresh()
  const sql = await openEmbeddedReadOnly({ path: dir.store, limits: SQL_LIMITS })
  onShutdown('sql', () => sql.close())

  const sink = createSink({ log, db, logger, metrics, group: SINK_GROUP })
  await sink.start()
  onShutdown('sink', () => sink.stop())

  const { exportCron: cron, exportTimezone: timezone, exportPlans = [] } = options
  const exports = await createExporter({
    worker: createExporterWorker({
      store: { kind: 'embedded', path: dir.store },
      outDir: dir.exports,
      onDeath: (error) => void endIfStuck({ db, logger, error }),
    }),
    db,
    master,
    keys,
    logger,
    metrics,
    watermark: () => log.watermark(SINK_GROUP),
    plans: withDefaultPlan(exportPlans, { cron, timezone }),
    projects: async () => [project_id],
    isAlone: true,
  })
  onShutdown('exports', () => exports.close())

  const port = {
    log_id: log.log_id,
    append: (record: Parameters<typeof log.append>[0]) => log.append(record),
    progress: () => log.progress(SINK_GROUP),
    backlog: () => log.backlog(SINK_GROUP),
    waitingLines: () => log.waitingLines(SINK_GROUP),
    watermark: () => log.watermark(SINK_GROUP),
    compact: () => log.compact(),
  }
  createAccountingMetrics({
    db,
    log: port,
    metrics,
    onError: (error) => logger.warn({ error }, 'accounting cannot be counted'),
  })
  const backup = createBackup({
    dir,
    db,
    log,
    sink,
    group: SINK_GROUP,
    isSecretGiven: options.secret !== undefined,
  })
  const exportPort = {
    run: exports.run,
    count: exports.count,
    withdraw: exports.withdraw,
    manifest: exports.manifest,
    folders: exports.folders,
  }
  const erasures = createErasures({ db, master, log: port, exports: exportPort, logger })
  erasures.start()
  onShutdown('erasures', () => erasures.stop())
  const lastErrors = async () => {
    const last_error = sink.lastError()
    const now = new Date().toISOString()
    const { code = '', message = '' } = last_error ?? {}
    return [...(last_error === null ? [] : [{ part: 'sink', at: now, code, message }]), ...exports.errors()]
  }
  const app = new Hono()
  const pressure = createPressure({
    log: { backlog: () => log.backlog(SINK_GROUP), room: () => log.room() },
    // Nothing in this log expires, so what waits may grow old; the log's own bounds say when it is full.
    limits: { backlog_bytes: Number.POSITIVE_INFINITY, backlog_ms: Number.POSITIVE_INFINITY },
    logger,
    metrics,
  })
  onShutdown('pressure', () => pressure.close())
  const collector = createCollector({ log, keys, master, logger, metrics, pressure })
  app.route('/', collector.app)
  app.route(
    '/',
    createApi({ db, sql, master, keys, exports: exportPort, log: port, backup, logger, errors: lastErrors, erasures }),
  )
  app.notFound((c) =>
    problem(c, new FlywheelError('not_found', `There is no ${c.req.method} ${c.req.path}; see GET /v1/openapi.json`)),
  )
  const front =
    options.clickhousePort === undefined
      ? undefined
      : await openClickHouseFront({ path: dir.store, port: options.clickhousePort, host: options.host, keys, master })
  if (front !== undefined) onShutdown('clickhouse', () => front.close())
  const served = await serve(app, { port: options.port, host: options.host })
  onShutdown('port', async () => {
    await collector.drain()
    await served.close()
  })
  return {
    url: served.url,
    ...(front === undefined ? {} : { clickhouseUrl: front.url }),
    ...(made === null ? {} : { keys: made }),
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
