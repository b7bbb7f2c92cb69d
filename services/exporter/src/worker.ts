import { parentPort, workerData } from 'node:worker_threads'
import { isFlywheelError } from '@flywheel/schema'
import { openEmbedded, openServer } from '@flywheel/store'
import { countExport } from './count-export.js'
import { gateOf } from './refusals.js'
import { runExport } from './run-export.js'
import { describeUnexpected, mendOf } from './unexpected-error.js'
import type { Progress } from './units/curate-units.js'
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.js'

const { store, outDir } = workerData as WorkerStart
// A session of its own on the same store: curation is CPU, and its reads must not queue behind the sink's inserts.
const db = store.kind === 'embedded' ? await openEmbedded({ path: store.path }) : await openServer(store.options)

async function answer(message: Extract<ToWorker, { id: number }>): Promise<FromWorker> {
  const { id, does, request } = message
  try {
    const options = { outDir, ...withoutUndefined(request), db, onProgress: progressOf(id) }
    return {
      id,
      answer: await (does === 'count' ? countExport(options) : runExport({ ...options, now: () => new Date() })),
    }
  } catch (error) {
    if (isFlywheelError(error)) return { id, error: { code: error.code, message: error.message, gate: gateOf(error) } }
    const message = `The export failed: ${describeUnexpected(error)}; ${mendOf(error, 'report it')}`
    return { id, error: { code: 'internal', message, gate: '' } }
  }
}

/** A run that is shorter says nothing of its progress. */
const PROGRESS_EVERY_MS = 5000

function progressOf(id: number): (progress: Progress) => void {
  let last = performance.now()
  return (progress) => {
    if (performance.now() - last < PROGRESS_EVERY_MS) return
    last = performance.now()
    parentPort?.postMessage({ id, progress } satisfies FromWorker)
  }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}

let last: Promise<unknown> = Promise.resolve()
parentPort?.on('message', (message: ToWorker) => {
  last = last.then(async () => {
    if ('close' in message) {
      // The session ends, the thread stays: when a thread that used chdb exits, the engine hangs for the whole process.
      await db.close()
      parentPort?.postMessage({ closed: true } satisfies FromWorker)
    } else parentPort?.postMessage(await answer(message))
  })
})
