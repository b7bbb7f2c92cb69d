import type { Worker } from 'node:worker_threads'
import { FlywheelError } from '@flywheel/schema'
import { startThread } from './start-thread.js'
import { describeUnexpected } from './unexpected-error.js'
import type { AsyncUnitWork } from './units/curate-units.js'
import type { UnitContext, UnitWork } from './units/unit-work.js'

/** What starts a thread that judges units. */
export interface UnitThreadStart {
  context: UnitContext
  rowKey: Uint8Array
  /** Where the evaluation sets are that the recipe names. */
  outDir: string
}

/** To a thread. */
export type ToUnitThread =
  | { id: number; does: 'survey'; of: Parameters<UnitWork['survey']> }
  | { id: number; does: 'judge'; of: Parameters<UnitWork['judge']> }

/** From a thread. */
export type FromUnitThread =
  | { id: number; answer: ReturnType<UnitWork['survey']> | ReturnType<UnitWork['judge']> }
  | { id: number; error: string }

interface Thread {
  worker: Worker
  waiting: Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>
}

function failed(why: string): FlywheelError {
  return new FlywheelError('internal', `A thread of the export failed: ${why}; run the export again`)
}

function startOne(start: UnitThreadStart): Thread {
  const thread: Thread = { worker: startThread('unit-thread', start), waiting: new Map() }
  const failAll = (why: string): void => {
    for (const { reject } of thread.waiting.values()) reject(failed(why))
    thread.waiting.clear()
  }
  thread.worker.on('message', (message: FromUnitThread) => {
    const waiter = thread.waiting.get(message.id)
    thread.waiting.delete(message.id)
    if ('error' in message) waiter?.reject(failed(message.error))
    else waiter?.resolve(message.answer as never)
  })
  thread.worker.on('error', (error) => failAll(describeUnexpected(error)))
  thread.worker.on('exit', (code) => failAll(`it ended with code ${code}`))
  return thread
}

/** Judges units in threads, each the next of the shortest queue. The answers are those of one thread. */
export function createUnitPool(width: number, start: UnitThreadStart): AsyncUnitWork {
  const threads = Array.from({ length: width }, () => startOne(start))
  let next = 0
  function ask<Answer>(message: (id: number) => ToUnitThread): Promise<Answer> {
    const thread = threads.reduce((least, each) => (each.waiting.size < least.waiting.size ? each : least))
    return new Promise<Answer>((resolve, reject) => {
      const id = next++
      thread.waiting.set(id, { resolve, reject })
      thread.worker.postMessage(message(id))
    })
  }
  return {
    // One more than there are threads: while they judge, the next unit is read.
    width: width + 1,
    survey: (...of) => ask((id) => ({ id, does: 'survey', of })),
    judge: (...of) => ask((id) => ({ id, does: 'judge', of })),
    async close() {
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}

/** Judges units where it is called. */
export function inThisThread(work: UnitWork): AsyncUnitWork {
  return {
    width: 1,
    survey: (lines) => Promise.resolve(work.survey(lines)),
    judge: (...of) => Promise.resolve(work.judge(...of)),
    close: () => Promise.resolve(),
  }
}
