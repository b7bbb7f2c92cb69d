import type { LocalLog } from '@flywheel/event-log'
import { expect, it } from 'vitest'
import { recordOf } from '../../src/conformance/records.js'
import { createGate, eventually, type Gate } from '../../src/conformance/waiting.js'
import { InFlight } from '../../src/local/in-flight.js'
import { APPEND_LIMIT_MS, createLocalLog } from '../../src/local/local-log.js'
import { openLmdbStorage } from '../../src/local/storage.js'
import { inFolder } from './temporary.js'

/** A log over the real storage, behind a disk that answers when the test says so. */
function createSlowLog(
  path: string,
  clock: () => number,
): { log: LocalLog; before: Gate[]; after: Gate[]; slow: { before: boolean; after: boolean } } {
  const storage = openLmdbStorage(path)
  const slow = { before: false, after: false }
  const before: Gate[] = []
  const after: Gate[] = []
  const wait = async (gates: Gate[]): Promise<void> => {
    const gate = createGate()
    gates.push(gate)
    await gate.opened
  }
  const log = createLocalLog({
    log_id: 'log',
    partitions: 1,
    storage: {
      ...storage,
      write: async (changes) => {
        if (slow.before) await wait(before)
        await storage.write(changes)
        if (slow.after) await wait(after)
      },
    },
    bounds: {
      assertRoom() {},
      room: (held_bytes) => ({ held_bytes, max_bytes: 2 ** 40, free_bytes: 2 ** 40, min_free_bytes: 0 }),
    },
    clock,
    release: async () => {},
  })
  return { log, before, after, slow }
}

it('an append that hangs in its write is refused 20 s after received_at and holds the watermark until the write ends', () =>
  inFolder(async (path) => {
    let clock = Date.now()
    const { log, before, slow } = createSlowLog(path, () => clock)
    slow.before = true
    const received_at = new Date(clock).toISOString()
    const append = (n: number): Promise<unknown> => {
      const { header, body } = recordOf(n)
      return log.append({ header: { ...header, received_at }, body })
    }
    const first = append(0)
    await eventually('the write begins', () => before.length === 1)
    const refusals = Promise.allSettled([first, append(1)])
    clock += APPEND_LIMIT_MS
    for (const outcome of await refusals) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'append_timeout', isRetryable: true } })
    }
    // The first write is still under way and may succeed; the second was never begun and never will be.
    expect((await log.watermark('sink')) < received_at).toBe(true)
    slow.before = false
    before[0]?.open()
    await eventually('the write ends', async () => (await log.progress('sink'))[0]?.end === 1)
    expect(before).toHaveLength(1)
    expect((await log.backlog('sink')).records).toBe(1)
    await log.close()
  }))

it('backlog and watermark hold while a commit has deleted records and is not yet known to be durable', () =>
  inFolder(async (path) => {
    const { log, after, slow } = createSlowLog(path, Date.now)
    for (let n = 0; n < 4; n++) await log.append(recordOf(n))
    let commit: Promise<void> | null = null
    const member = await log.consume('sink', async ({ assignment, last }) => {
      slow.after = true
      commit = assignment.commit(last)
      await commit
    })
    await eventually('the commit is in the file', () => after.length === 1)
    slow.after = false
    expect(await log.backlog('sink')).toMatchObject({ records: 4, lines: 4, bytes: 800 })
    expect((await log.watermark('sink')) < recordOf(0).header.received_at).toBe(true)
    expect((await log.progress('sink'))[0]?.committed).toBe(0)
    after[0]?.open()
    await eventually('the commit is known', async () => (await log.backlog('sink')).records === 0)
    await commit
    await member.stop()
    await log.close()
  }))

it('bytes under way are counted until the append ends', () => {
  const inFlight = new InFlight(() => 0, 20_000)
  const pending = { received: 5, stored: 4_096, expire() {} }
  inFlight.add(pending)
  expect([inFlight.storedBytes, inFlight.oldest()]).toEqual([4_096, 5])
  inFlight.delete(pending)
  inFlight.delete(pending)
  expect([inFlight.storedBytes, inFlight.oldest()]).toEqual([0, Number.POSITIVE_INFINITY])
})
