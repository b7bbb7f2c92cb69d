import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { scheduleExports } from '../src/index.js'

const onError = (): void => {}

describe('scheduleExports', () => {
  it('runs one at a time, skips the turns that come meanwhile and waits for the last at stop', async () => {
    let running = 0
    let most = 0
    let done = 0
    const run = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await sleep(1500)
      running--
      done++
    }
    const schedule = scheduleExports({ cron: '* * * * * *', run, onError, lastRunAt: new Date(0) })
    await sleep(2600)
    await schedule.stop()
    expect(most).toBe(1)
    expect(running).toBe(0)
    expect(done).toBeGreaterThan(0)
  })

  it('runs a missed turn at the start, and only then', async () => {
    const now = (): Date => new Date('2026-03-02T10:00:00Z')
    const runs = async (lastRunAt: string | undefined): Promise<number> => {
      const run = vi.fn(async () => {})
      const at = lastRunAt === undefined ? undefined : new Date(lastRunAt)
      await scheduleExports({ cron: '0 3 * * *', run, onError, now, lastRunAt: at }).stop()
      return run.mock.calls.length
    }
    expect([await runs('2026-03-01T10:00:00Z'), await runs('2026-03-02T03:00:01Z'), await runs(undefined)]).toEqual([
      1, 0, 0,
    ])
  })

  it('goes on after a run that failed, and reports it', async () => {
    const errors: unknown[] = []
    const run = async (): Promise<void> => {
      throw new Error('disk full')
    }
    const schedule = scheduleExports({
      cron: '* * * * * *',
      run,
      onError: (error) => errors.push(error),
      lastRunAt: new Date(0),
    })
    await sleep(1300)
    await schedule.stop()
    expect(errors.length).toBeGreaterThan(1)
  })

  it('follows the time zone, and refuses what is no schedule', async () => {
    const run = async (): Promise<void> => {}
    const schedule = scheduleExports({ cron: '0 3 * * *', timezone: 'Asia/Tokyo', run, onError })
    expect(schedule.nextRun()?.getUTCHours()).toBe(18)
    await schedule.stop()
    expect(() => scheduleExports({ cron: 'often', run, onError })).toThrowError(/export schedule "often"/)
  })
})
