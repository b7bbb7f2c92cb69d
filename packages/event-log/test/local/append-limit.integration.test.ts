import { FlywheelError } from '@flywheel/schema'
import { expect, it } from 'vitest'
import { recordOf } from '../../src/conformance/records.js'
import { InFlight } from '../../src/local/in-flight.js'
import { APPEND_LIMIT_MS, createLocalLog } from '../../src/local/local-log.js'
import { openLmdbStorage } from '../../src/local/storage.js'
import { inFolder } from './temporary.js'

it('an append that hangs in its write is refused 20 s after received_at and holds the watermark until the write ends', () =>
  inFolder(async (path) => {
    const storage = openLmdbStorage(path)
    let clock = Date.now()
    const hanging: (() => void)[] = []
    const log = createLocalLog({
      log_id: 'log',
      partitions: 1,
      // The real storage behind a disk that answers when the test says so.
      storage: {
        ...storage,
        write: async (changes) => {
          await new Promise<void>((resolve) => hanging.push(resolve))
          await storage.write(changes)
        },
      },
      bounds: { assertRoom() {} },
      clock: () => clock,
      release: async () => {},
    })
    const stamped = new Date(clock).toISOString()
    const first = log.append({ ...recordOf(0), header: { ...recordOf(0).header, received_at: stamped } })
    await new Promise((resolve) => setImmediate(resolve))
    const queued = log.append({ ...recordOf(1), header: { ...recordOf(1).header, received_at: stamped } })
    const refusals = Promise.allSettled([first, queued])
    clock += APPEND_LIMIT_MS
    for (const outcome of await refusals) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(FlywheelError) })
      expect((outcome as PromiseRejectedResult).reason).toMatchObject({ code: 'append_timeout', isRetryable: true })
    }
    // The first write is still under way and may succeed; the second was never begun and never will be.
    expect((await log.watermark('sink')) < stamped).toBe(true)
    hanging.shift()?.()
    while ((await log.progress('sink'))[0]?.end !== 1) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(hanging).toHaveLength(0)
    expect((await log.backlog('sink')).records).toBe(1)
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
