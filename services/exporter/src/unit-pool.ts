import type { Worker } from 'node:worker_threads'
import type { JoinedRows } from '@flywheel/curation'
import { type ErrorCode, FlywheelError } from '@flywheel/schema'
import type { EvaluationFile } from './evaluation-sets.js'
import { startThread } from './start-thread.js'
import { describeUnexpected, mendOf } from './unexpected-error.js'
import type { AsyncUnitWork } from './units/curate-units.js'
import type { UnitContext, UnitWork } from './units/unit-work.js'

/** What starts a thread that judges units. */
export interface UnitThreadStart {
  context: UnitContext
  rowKey: Uint8Array
  /** The evaluation sets that the recipe names, as the run has read them. */
  evaluation: readonly EvaluationFile[]
  /** The rows of the file that the recipe joins. */
  joined?: JoinedRows | undefined
}

/** To a thread. */
export type ToUnitThread =
  | { id: number; does: 'survey'; of: Parameters<UnitWork['survey']> }
  | { id: number; does: 'judge'; of: Parameters<UnitWork['judge']> }

/** From a thread. */
export type FromUnitThread =
  | { id: number; answer: ReturnType<UnitWork['survey']> | ReturnType<UnitWork['judge']> }
  // Of an error that was foreseen its own words, which quote nobody, and its code; else its kind and place.
  | { id: number; error: string; code: ErrorCode | null }

interface Thread {
  worker: Worker
  waiting: Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>
  /** Why it died, if it did: nothing that is sent to it is ever answered. */
  death: FlywheelError | null
}

function failed(why: string, mend: string): FlywheelError {
  return new FlywheelError('internal', `A thread of the export failed: ${why}; ${mend}`)
}

function startOne(start: UnitThreadStart): Thread {
  const thread: Thread = { worker: startThread('unit-thread', start), waiting: new Map(), death: null }
  const die = (why: string, mend = 'run the export again'): void => {
    // The first reason says more than the exit that follows it.
    const death = thread.death ?? failed(why, mend)
    thread.death = death
    for (const { reject } of thread.waiting.values()) reject(death)
    thread.waiting.clear()
  }
  thread.worker.on('message', (message: FromUnitThread) => {
    const waiter = thread.waiting.get(message.id)
    thread.waiting.delete(message.id)
    if ('error' in message) {
      const { error, code } = message
      waiter?.reject(code === null ? failed(error, 'report it') : new FlywheelError(code, error))
    } else waiter?.resolve(message.answer as never)
  })
  thread.worker.on('error', (error) => die(describeUnexpected(error), mendOf(error, 'run the export again')))
  thread.worker.on('messageerror', (error) => die(describeUnexpected(error), 'report it'))
  thread.worker.on('exit', (code) => die(`it ended with code ${code}`))
  return thread
}

/**
 * Judges units in threads, each the next of the shortest queue. The answers are those of one thread. Once a thread has
 * died, whatever is asked is rejected with its reason.
 */
export function createUnitPool(width: number, start: UnitThreadStart): AsyncUnitWork {
  const threads = Array.from({ length: width }, () => startOne(start))
  let next = 0
  function ask<Answer>(message: (id: number) => ToUnitThread): Promise<Answer> {
    const dead = threads.find(({ death }) => death !== null)
    if (dead?.death) return Promise.reject(dead.death)
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

/** Judges units where it is called, with a turn for everything else before each. */
export function inThisThread(work: UnitWork): AsyncUnitWork {
  // Timers and sockets wait as long as a unit takes, and no longer: the connection to the store would be found dead.
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    width: 1,
    survey: (place) => turn().then(() => work.survey(place)),
    judge: (...of) => turn().then(() => work.judge(...of)),
    close: () => Promise.resolve(),
  }
}
