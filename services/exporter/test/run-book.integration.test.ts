import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, insertRows, listRuns, liveRuns } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRunBook, type OpenRun, type RunBook, type RunOf } from '../src/run-book.js'
import { store } from './support.js'

const onError = (error: unknown): void => {
  throw error
}

describe('the book of runs', () => {
  let db: Database
  let remove: () => Promise<void>
  beforeAll(async () => {
    const opened = await store({ interactions: [], feedback: [] })
    db = opened.db
    remove = opened.remove
  })
  afterAll(() => remove())

  const replica = (holder: string, lease_ms = 60_000): RunBook =>
    createRunBook({ db, holder, isAlone: false, settle_ms: 150, poll_ms: 50, lease_ms, onError })
  const turnOf = (project_id: string, watermark: string): RunOf => ({
    project_id,
    recipe_name: 'nightly',
    cause: 'schedule',
    due_at: '2026-03-02T03:00:00.000Z',
    watermark,
  })

  it('lets one replica do a turn of the schedule; the others see that it is done', async () => {
    let running = 0
    let most = 0
    const outcomes = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        const run = await replica(name).begin(turnOf('one', '2026-03-02T02:59:00.000Z'))
        if (run === null) return 'yielded'
        most = Math.max(most, ++running)
        await sleep(300)
        running--
        await run.end({ status: 'published', export_id: 'e' })
        return 'ran'
      }),
    )
    expect(outcomes.sort()).toEqual(['ran', 'yielded', 'yielded'])
    expect(most).toBe(1)
    const listed = await listRuns(db, 'one', 10)
    expect(listed.map(({ status, export_id }) => [status, export_id])).toEqual([['published', 'e']])
    expect(listed[0]?.finished_at).not.toBeNull()
    expect(await liveRuns(db)).toEqual([])
  })

  it('lets runs of any project wait for each other, in the order of their entries', async () => {
    const order: string[] = []
    const asked = (project_id: string): RunOf => ({ ...turnOf(project_id, ''), watermark: null, due_at: null })
    const work = async (name: string): Promise<void> => {
      const run = (await replica(name).begin(asked(name))) as OpenRun
      order.push(`${name} begins`)
      await sleep(120)
      order.push(`${name} ends`)
      await run.end({ status: 'empty', gate: 'consent' })
    }
    const first = work('p1')
    await sleep(40)
    await Promise.all([first, work('p2')])
    expect(order).toEqual(['p1 begins', 'p1 ends', 'p2 begins', 'p2 ends'])
  })

  it('takes a turn over from a replica that went silent, with the snapshot that it had pinned', async () => {
    const lost = {
      ...turnOf('lost', '2026-03-02T02:58:00.000Z'),
      id: '01890000-0000-7000-8000-000000000001',
      status: 'running',
      holder: 'gone',
      created_at: new Date(Date.now() - 5000).toISOString(),
      lease_until: new Date(Date.now() + 700).toISOString(),
    }
    await insertRows(db, 'runs', [lost])
    const started = Date.now()
    const run = await replica('next').begin(turnOf('lost', '2026-03-02T03:10:00.000Z'))
    expect(Date.now() - started).toBeGreaterThan(400)
    expect(run?.watermark).toBe('2026-03-02T02:58:00.000Z')
    await run?.end({ status: 'published', export_id: 'e2' })
    const listed = await listRuns(db, 'lost', 10)
    expect(listed.map(({ status, error_code }) => [status, error_code])).toEqual([
      ['published', ''],
      ['failed', 'lease_lost'],
    ])
  })

  it('counts as lost what had begun when its process ended, and not what only waited', async () => {
    const gone = (n: number, begun_at: string | null): Record<string, unknown> => ({
      ...turnOf('queued', '2026-03-02T02:58:00.000Z'),
      id: `01890000-0000-7000-8000-00000000010${n}`,
      status: 'running',
      holder: 'gone',
      created_at: new Date(Date.now() - 5000 + n).toISOString(),
      begun_at,
      lease_until: new Date(Date.now() - 1000).toISOString(),
    })
    await insertRows(db, 'runs', [gone(1, null), gone(2, new Date().toISOString()), gone(3, null)])
    const taken = (await replica('takes').begin(turnOf('queued', '2026-03-02T03:10:00.000Z'))) as OpenRun
    expect(taken).toMatchObject({ lost: 1, watermark: '2026-03-02T02:58:00.000Z' })
    const noted = async () => (await liveRuns(db)).find(({ id }) => id === taken.id)?.begun_at
    expect(await noted()).toBeNull()
    await taken.workBegins()
    expect(Date.parse((await noted()) ?? '')).toBeGreaterThan(Date.now() - 60_000)
    await taken.end({ status: 'published', export_id: 'e3' })
  })

  it('renews the lease for as long as a run takes', async () => {
    const run = (await replica('slow', 600).begin(turnOf('slow', '2026-03-02T02:59:00.000Z'))) as OpenRun
    await sleep(1300)
    expect((await liveRuns(db)).map(({ id }) => id)).toEqual([run.id])
    await run.end({ status: 'failed', error_code: 'store_failed', error: 'away' })
    expect(await liveRuns(db)).toEqual([])
  })
})
