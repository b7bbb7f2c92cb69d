import type { ExportPort } from '@flywheel/api'
import type { KeyDirectory } from '@flywheel/control'
import { createExporterWorker, type ExportRequest, scheduleExports } from '@flywheel/exporter'
import { type MasterSecret, rowKey } from '@flywheel/keys'
import type { Logger } from '@flywheel/runtime'
import { FlywheelError, isFlywheelError } from '@flywheel/schema'
import { type Database, listExports } from '@flywheel/store'
import type { DataDir } from './data-dir.js'

/** What exports of this process need. */
export interface ExportsOptions {
  dir: DataDir
  db: Database
  master: MasterSecret
  keys: Pick<KeyDirectory, 'project'>
  logger: Logger
  /** How far the sink has stored what was accepted. */
  watermark: () => Promise<string>
  schedule?: { cron: string; timezone: string; project_id: string } | undefined
}

/** Exports of this process: in a worker thread, asked for or by schedule. */
export interface Exports extends ExportPort {
  /** The last failure of the schedule, if its latest turn failed. */
  errors(): { part: string; at: string; code: string; message: string }[]
  /** Starts no more and waits for the run in progress. */
  close(): Promise<void>
}

/** @throws FlywheelError `invalid_config` for a cron expression or a time zone that is none */
export async function createExports(options: ExportsOptions): Promise<Exports> {
  const { dir, db, master, keys, logger, watermark, schedule } = options
  const worker = createExporterWorker({ storePath: dir.store, outDir: dir.exports })
  let failure: { part: string; at: string; code: string; message: string } | null = null

  const run: ExportPort['run'] = async ({ project_id, recipe, as_of }) => {
    const project = keys.project(project_id)
    if (project === undefined) throw new FlywheelError('not_found', `The project ${project_id} does not exist`)
    const common = { projectId: project_id, rowKey: rowKey(master, project.row_key_sealed) }
    if (as_of !== undefined) return await worker.run({ ...common, asOf: as_of })
    return await worker.run({
      ...common,
      watermark: await watermark(),
      parent: 'latest',
      // Read by the exporter, which refuses what is no recipe.
      recipe: recipe as ExportRequest['recipe'],
    })
  }

  const job =
    schedule === undefined
      ? null
      : scheduleExports({
          cron: schedule.cron,
          timezone: schedule.timezone,
          lastRunAt: await lastExport(db, schedule.project_id),
          run: async () => {
            const { export_id, pairs } = await run({ project_id: schedule.project_id })
            failure = null
            logger.info({ export_id, pairs }, 'scheduled export finished')
          },
          onError: (error) => {
            const code = isFlywheelError(error) ? error.code : 'internal'
            // No feedback yet is the normal state of a young project, not a fault.
            if (code === 'nothing_to_export') return logger.info({ error }, 'scheduled export had nothing to export')
            const message = error instanceof Error ? error.message : String(error)
            failure = { part: 'exporter', at: new Date().toISOString(), code, message }
            logger.error({ error }, 'scheduled export failed')
          },
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

async function lastExport(db: Database, projectId: string): Promise<Date | undefined> {
  const [last] = await listExports(db, projectId)
  return last === undefined ? undefined : new Date(last.created_at)
}
