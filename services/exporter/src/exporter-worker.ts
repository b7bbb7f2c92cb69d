import { resolve } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { FlywheelError } from '@flywheel/schema'
import type { ExportCount } from './count-export.js'
import { sweepDeadWorker } from './publish.js'
import { EmptiedBy } from './refusals.js'
import type { ExportSummary } from './run-export.js'
import { startThread } from './start-thread.js'
import { describeUnexpected, mendOf } from './unexpected-error.js'
import type { Progress } from './units/curate-units.js'
import type { ExportRequest, FromWorker, ToWorker, WorkerStart } from './worker-messages.js'

/** Options of `createExporterWorker`. */
export interface ExporterWorkerOptions extends WorkerStart {
  /** Hears that the thread died, and why: of an embedded store nobody may ever be answered again. */
  onDeath?: ((error: FlywheelError) => void) | undefined
}

/** Runs and counts exports outside of the main thread, one at a time. */
export interface ExporterWorker {
  /** Folder that holds one folder an export. */
  readonly outDir: string
  /** Waits for its turn; rejects with the FlywheelError of the run. */
  run(request: ExportRequest, onProgress?: (progress: Progress) => void): Promise<ExportSummary>
  /** Counts what a run would yield, in its turn among the runs; rejects with the FlywheelError of the count. */
  count(request: ExportRequest): Promise<ExportCount>
  /** Closes the worker's session after the runs that were asked for; its idle thread ends with the process. */
  close(): Promise<void>
}

interface Waiter {
  resolve: (answer: never) => void
  reject: (error: unknown) => void
  onProgress: ((progress: Progress) => void) | undefined
}

function asError({ code, message, gate }: Extract<FromWorker, { error: object }>['error']): FlywheelError {
  return new FlywheelError(code, message, gate === '' ? undefined : { cause: new EmptiedBy(gate) })
}

/**
 * Starts exports in a worker thread with a session of its own on the same store. The thread starts with the first
 * run; if it dies, what waited for it is rejected and the next run starts another.
 *
 * @example
 * const exporter = createExporterWorker({ store: { kind: 'embedded', path }, outDir })
 * const summary = await exporter.run({ projectId, watermark, rowKey })
 */
export function createExporterWorker({ onDeath, ...options }: ExporterWorkerOptions): ExporterWorker {
  const waiting = new Map<number, Waiter>()
  let worker: Worker | null = null
  let onClosed = (): void => {}
  let isClosed = false
  let next = 0

  function fail(cause: unknown): void {
    worker = null
    onClosed()
    const message = `The exporter stopped: ${describeUnexpected(cause)}; ${mendOf(cause, 'run the export again')}`
    const error = new FlywheelError('internal', message)
    sweepDeadWorker(resolve(options.outDir))
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
    onDeath?.(error)
  }

  function receive(message: FromWorker): void {
    if ('closed' in message) {
      worker?.unref()
      onClosed()
      return
    }
    const waiter = waiting.get(message.id)
    if ('progress' in message) {
      waiter?.onProgress?.(message.progress)
      return
    }
    waiting.delete(message.id)
    if (waiting.size === 0) worker?.unref()
    // The answer is of what was asked under this id.
    if ('answer' in message) waiter?.resolve(message.answer as never)
    else waiter?.reject(asError(message.error))
  }

  function ensure(): Worker {
    if (worker !== null) return worker
    const started = startThread('worker', options)
    worker = started
    started.on('message', receive)
    started.on('error', fail)
    started.once('exit', (code) => {
      if (worker === started) fail(new Error(`exit code ${code}`))
    })
    return started
  }

  function ask<Answer>(
    does: 'run' | 'count',
    request: ExportRequest,
    onProgress?: (progress: Progress) => void,
  ): Promise<Answer> {
    if (isClosed) return Promise.reject(new FlywheelError('draining', 'The exporter is closed'))
    return new Promise<Answer>((resolve, reject) => {
      const id = next++
      waiting.set(id, { resolve, reject, onProgress })
      const thread = ensure()
      thread.ref()
      thread.postMessage({ id, does, request } satisfies ToWorker)
    })
  }

  return {
    outDir: options.outDir,
    run: (request, onProgress) => ask('run', request, onProgress),
    count: (request) => ask('count', request),
    close() {
      isClosed = true
      const open = worker
      if (open === null) return Promise.resolve()
      return new Promise((resolve) => {
        onClosed = resolve
        open.ref()
        open.postMessage({ close: true } satisfies ToWorker)
      })
    },
  }
}
