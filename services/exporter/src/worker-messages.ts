import type { ErrorCode } from '@flywheel/schema'
import type { ServerOptions } from '@flywheel/store'
import type { ExportCount } from './count-export.js'
import type { ExportSummary, RunExportOptions } from './run-export.js'
import type { Progress } from './units/curate-units.js'

/** What the worker is told: everything but the database and the clock, which are its own. */
export interface ExportRequest extends Omit<RunExportOptions, 'db' | 'now' | 'outDir' | 'onProgress'> {
  outDir?: string | undefined
}

/** The store of a worker, which opens it for itself. */
export type WorkerStore = { kind: 'embedded'; path: string } | { kind: 'server'; options: ServerOptions }

/** What starts a worker. */
export interface WorkerStart {
  store: WorkerStore
  outDir: string
}

/** From the main thread. */
export type ToWorker = { id: number; does: 'run' | 'count'; request: ExportRequest } | { close: true }

/** From the worker: an error travels as its code and message, with the gate that took everything, if one did. */
export type FromWorker =
  | { id: number; answer: ExportSummary | ExportCount }
  | { closed: true }
  | { id: number; progress: Progress }
  | { id: number; error: { code: ErrorCode; message: string; gate: string } }
