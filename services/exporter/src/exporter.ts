import type { KeyDirectory } from '@flywheel/control'
import { type MasterSecret, rowKey } from '@flywheel/keys'
import type { Logger, Metrics } from '@flywheel/runtime'
import { FlywheelError, isFlywheelError } from '@flywheel/schema'
import { type Database, listExports } from '@flywheel/store'
import type { ExporterWorker } from './exporter-worker.js'
import { createExporterMetrics } from './metrics.js'
import type { ExportSummary } from './run-export.js'
import { scheduleExports } from './schedule-exports.js'
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
  /** When exports run by themselves, and of which projects. @default only when asked for */
  schedule?: { cron: string; timezone: string; projects: () => Promise<readonly string[]> } | undefined
}

/** An export as it is asked for from outside of the exporter. */
export interface ExportAsked {
  project_id: string
  /** As the caller sent it, unread. @default the default recipe */
  recipe?: unknown
  /** Id of an earlier export, to make it once more. */
  as_of?: string
}

/** Exports of one process: asked for or by schedule, one at a time. */
export interface Exporter {
  run(asked: ExportAsked): Promise<ExportSummary>
  /** The last failure of the schedule, if its latest turn failed. */
  errors(): { part: string; at: string; code: string; message: string }[]
  /** Starts no more and waits for the run in progress. */
  close(): Promise<void>
}

/** @throws FlywheelError `invalid_config` for a cron expression or a time zone that is none */
export async function createExporter(options: ExporterOptions): Promise<Exporter> {
  const { worker, db, master, keys, logger, watermark, schedule } = options
  const metrics = createExporterMetrics(options.metrics)
  let failure: { part: string; at: string; code: string; message: string } | null = null

  async function request({ project_id, recipe, as_of }: ExportAsked): Promise<ExportRequest> {
    const project = keys.project(project_id)
    if (project === undefined) throw new FlywheelError('not_found', `The project ${project_id} does not exist`)
    const common = { projectId: project_id, rowKey: rowKey(master, project.row_key_sealed) }
    if (as_of !== undefined) return { ...common, asOf: as_of }
    return {
      ...common,
      watermark: await watermark(),
      parent: 'latest',
      // Read by the run, which refuses what is no recipe.
      recipe: recipe as ExportRequest['recipe'],
    }
  }

  async function run(asked: ExportAsked): Promise<ExportSummary> {
    const stop = metrics.seconds.startTimer()
    try {
      const summary = await worker.run(await request(asked))
      metrics.runs.inc({ result: summary.reused ? 'reused' : 'published' })
      metrics.lastSuccess.setToCurrentTime()
      return summary
    } catch (error) {
      metrics.runs.inc({ result: codeOf(error) === 'nothing_to_export' ? 'empty' : 'failed' })
      throw error
    } finally {
      stop()
    }
  }

  /** A failure of one project keeps none of the others from its turn. */
  async function turn(projects: readonly string[]): Promise<void> {
    failure = null
    for (const project_id of projects) {
      try {
        const { export_id, pairs } = await run({ project_id })
        logger.info({ project_id, export_id, pairs }, 'scheduled export finished')
      } catch (error) {
        // No feedback yet is the normal state of a young project, not a fault.
        if (codeOf(error) === 'nothing_to_export')
          logger.info({ project_id, error }, 'scheduled export had nothing to export')
        else fail(error, project_id)
      }
    }
  }

  function fail(error: unknown, project_id?: string): void {
    const message = error instanceof Error ? error.message : String(error)
    failure = { part: 'exporter', at: new Date().toISOString(), code: codeOf(error), message }
    logger.error({ project_id, error }, 'scheduled export failed')
  }

  const job =
    schedule === undefined
      ? null
      : scheduleExports({
          cron: schedule.cron,
          timezone: schedule.timezone,
          lastRunAt: await lastExport(db, await schedule.projects()),
          run: async () => await turn(await schedule.projects()),
          onError: (error) => fail(error),
        })

  return {
    run,
    errors: () => (failure === null ? [] : [failure]),
    async close() {
      await job?.stop()
      await worker.close()
    },
  }
}

function codeOf(error: unknown): string {
  return isFlywheelError(error) ? error.code : 'internal'
}

/** When any of the projects was exported last: a turn missed since then runs at the start. */
async function lastExport(db: Database, projects: readonly string[]): Promise<Date | undefined> {
  const times: number[] = []
  for (const project of projects) {
    const [last] = await listExports(db, project)
    if (last !== undefined) times.push(Date.parse(last.created_at))
  }
  return times.length === 0 ? undefined : new Date(Math.max(...times))
}
