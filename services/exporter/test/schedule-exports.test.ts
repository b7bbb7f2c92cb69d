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
    const schedule = scheduleExports({ cron: '* * * * * *', run, onError, lastDueAt: new Date(0) })
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
      await scheduleExports({ cron: '0 3 * * *', run, onError, now, lastDueAt: at }).stop()
      return run.mock.calls.length
    }
    const last = ['2026-02-20T03:00:00Z', '2026-03-01T03:00:00Z', '2026-03-02T03:00:00Z', undefined]
    expect(await Promise.all(last.map(runs))).toEqual([1, 1, 0, 0])
  })

  it('names the turn that it runs: the time of the expression, not of the clock', async () => {
    const turns: string[] = []
    const run = async (due: Date): Promise<void> => {
      turns.push(due.toISOString())
    }
    const missed = { run, onError, now: () => new Date('2026-03-02T10:00:00.123Z'), lastDueAt: new Date(0) }
    await scheduleExports({ cron: '0 3 * * *', ...missed }).stop()
    await scheduleExports({ cron: '0 10 * * *', ...missed }).stop()
    await scheduleExports({ cron: '0 3 * * *', timezone: 'Europe/Berlin', ...missed }).stop()
    const schedule = scheduleExports({ cron: '* * * * * *', run, onError })
    await sleep(1100)
    await schedule.stop()
    expect(turns.slice(0, 3)).toEqual([
      '2026-03-02T03:00:00.000Z',
      '2026-03-02T10:00:00.000Z',
      '2026-03-02T02:00:00.000Z',
    ])
    expect(turns[3]).toMatch(/:\d\d\.000Z$/)
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
      lastDueAt: new Date(0),
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
