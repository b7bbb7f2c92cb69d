import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LocalLog, openLocalLog } from '@flywheel/event-log'
import { createLogger, createMetrics, type Logger, type Metrics } from '@flywheel/runtime'
import { type Database, migrate, openEmbedded } from '@flywheel/store'
import { createSink, type Sink, type SinkOptions } from '../src/index.js'

export const silent: Logger = createLogger('sink-test', { level: process.env['SINK_LOG'] ?? 'silent' })

/** A real store for one test file: chdb owns one directory a process. Tests keep apart by project. */
export async function openStore(): Promise<{ db: Database; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'flywheel-sink-store-'))
  const db = await openEmbedded({ path })
  await migrate(db)
  return {
    db,
    remove: async () => {
      await db.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** A real log of its own. */
export async function openLog(partitions = 1): Promise<{ log: LocalLog; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'flywheel-sink-log-'))
  const log = await openLocalLog({ path, partitions })
  return {
    log,
    remove: async () => {
      await log.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}

export function quickSink(options: Pick<SinkOptions, 'log' | 'db'> & Partial<SinkOptions>): {
  sink: Sink
  metrics: Metrics
} {
  const metrics = options.metrics ?? createMetrics()
  const sink = createSink({
    logger: silent,
    back_off: { initial_ms: 5, max_ms: 20 },
    ...options,
    metrics,
    batch: { interval_ms: 20, ...options.batch },
  })
  return { sink, metrics }
}

/** Resolves when the group has committed everything. */
export async function drained(log: LocalLog, timeout_ms = 15_000): Promise<void> {
  const deadline = Date.now() + timeout_ms
  while ((await log.backlog('sink')).records > 0) {
    if (Date.now() > deadline) throw new Error(`not drained after ${timeout_ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Starts a sink, waits until the log is drained and stops it. */
export async function runSink(
  options: Pick<SinkOptions, 'db'> & { log: LocalLog } & Partial<SinkOptions>,
): Promise<Metrics> {
  const { sink, metrics } = quickSink(options)
  await sink.start()
  await drained(options.log)
  await sink.stop()
  return metrics
}

/** The ids of a project in one table, as rows on disk: not yet collapsed, sorted. */
export async function rowIds(db: Database, table: string, project: string, final = false): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `SELECT toString(id) AS id FROM ${table} ${final ? 'FINAL' : ''} WHERE project_id = {project:String} ORDER BY id`,
    { project },
  )
  return rows.map(({ id }) => id)
}

export interface DeadLetter {
  position: number
  line: number
  type: string
  event_id: string
  code: string
  message: string
  body: string
}

export function deadLetters(db: Database, project: string): Promise<DeadLetter[]> {
  return db.query<DeadLetter>(
    `SELECT toUInt32(position) AS position, line, type, event_id, code, message, body FROM dead_letters FINAL
     WHERE project_id = {project:String} ORDER BY position, line`,
    { project },
  )
}

export interface Receipt {
  partition: number
  position: number
  types: string[]
  ids: string[]
  hashes: string[]
  outcomes: string[]
}

export function receipts(db: Database, project: string): Promise<Receipt[]> {
  return db.query<Receipt>(
    `SELECT partition, toUInt32(position) AS position, types, ids, hashes, outcomes FROM receipts FINAL
     WHERE project_id = {project:String} ORDER BY partition, position`,
    { project },
  )
}

/** The value of a metric in the text exposition, 0 where it has none. */
export async function metric(metrics: Metrics, name: string): Promise<number> {
  const line = (await metrics.text()).split('\n').find((one) => one.startsWith(`${name} `))
  return line ? Number(line.slice(name.length + 1)) : 0
}
