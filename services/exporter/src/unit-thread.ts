import { parentPort, workerData } from 'node:worker_threads'
import { type ErrorCode, isFlywheelError } from '@flywheel/schema'
import { evaluationSets } from './evaluation-sets.js'
import { rowPorts } from './row-ports.js'
import { describeUnexpected } from './unexpected-error.js'
import type { FromUnitThread, ToUnitThread, UnitThreadStart } from './unit-pool.js'
import { createUnitWork } from './units/unit-work.js'

const { context, rowKey, evaluation, joined } = workerData as UnitThreadStart
// What an earlier export assigned is asked for by the gates over the whole set alone, which do not run here.
const { index } = evaluationSets(evaluation, context.recipe)
const work = createUnitWork(context, await rowPorts(rowKey, new Map(), index, joined))

const codeOf = (error: unknown): ErrorCode | null => (isFlywheelError(error) ? error.code : null)

function answer(message: ToUnitThread): FromUnitThread {
  const { id } = message
  try {
    return { id, answer: message.does === 'survey' ? work.survey(...message.of) : work.judge(...message.of) }
  } catch (error) {
    return { id, error: isFlywheelError(error) ? error.message : describeUnexpected(error), code: codeOf(error) }
  }
}

parentPort?.on('message', (message: ToUnitThread) => parentPort?.postMessage(answer(message)))
