import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Assignment } from '@flywheel/event-log'
import { createMetrics } from '@flywheel/runtime'
import { describe, expect, it } from 'vitest'
import type { WriteBatch } from '../src/batch-writer.js'
import { createMemoryBudget, type MemoryBudget } from '../src/memory-budget.js'
import { createSinkMetrics } from '../src/metrics.js'
import { createPartitionWorker, type PartitionWorker } from '../src/partition-worker.js'
import { line, positioned, record } from './support.js'
import { silent } from './world.js'

function workerOn(budget: MemoryBudget, writeBatch: WriteBatch): { worker: PartitionWorker; end: () => void } {
  const ended = new AbortController()
  const assignment: Assignment = {
    log_id: 'log1',
    partition: 0,
    signal: ended.signal,
    isStale: () => ended.signal.aborted,
    heartbeat: async () => {},
    recoverBoundary: async () => null,
    propose: async () => {},
    commit: async () => {},
  }
  const worker = createPartitionWorker({
    assignment,
    limits: { rows: 1, bytes: 1_000_000, interval_ms: 10 },
    backOff: { initial_ms: 5, max_ms: 20 },
    heartbeat_ms: 1_000,
    budget,
    writeBatch,
    metrics: createSinkMetrics(createMetrics(), () => budget.used),
    logger: silent,
    now: Date.now,
    onCommit: () => {},
  })
  return { worker, end: () => ended.abort() }
}

const never: WriteBatch = () => new Promise(() => {})

describe('a partition worker', () => {
  it('gives the memory of a record back that it refuses: it comes again, and every partition would miss it', async () => {
    const budget = createMemoryBudget(1_000_000)
    const { worker, end } = workerOn(budget, never)
    await worker.offer(positioned(0, record([line('interaction')])))
    const held = budget.used
    expect(held).toBeGreaterThan(0)
    for (let k = 0; k < 3; k++) {
      await expect(worker.offer(positioned(5, record([line('interaction')])))).rejects.toThrow('offset 5 came where 1')
      expect(budget.used).toBe(held)
    }
    end()
  })

  it('that ends while it waits for memory lets its record go, though nobody releases any', async () => {
    const budget = createMemoryBudget(1)
    const { worker, end } = workerOn(budget, never)
    // The first may pass the capacity, and its batch is never written.
    await worker.offer(positioned(0, record([line('feedback')])))
    let isOver = false
    const offered = worker.offer(positioned(1, record([line('feedback')]))).then(() => {
      isOver = true
    })
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(isOver).toBe(false)
    end()
    await offered
  })

  it('keeps nothing of the times it waited for memory', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const budget = createMemoryBudget(1)
    budget.take(2)
    const { worker, end } = workerOn(budget, never)
    const waiting = worker.offer(positioned(0, record([line('feedback')])))
    const wakeOften = async (times: number): Promise<number> => {
      for (let k = 0; k < times; k++) {
        budget.release(0)
        await Promise.resolve()
        await Promise.resolve()
        await Promise.resolve()
        await Promise.resolve()
      }
      await new Promise((resolve) => setTimeout(resolve, 10))
      collect()
      return process.memoryUsage().heapUsed
    }
    const before = await wakeOften(1_000)
    const grown = (await wakeOften(50_000)) - before
    end()
    await waiting
    // 300 bytes of a wait would be 15 MB.
    expect(grown).toBeLessThan(5_000_000)
  })
})
