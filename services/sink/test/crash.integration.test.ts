import type { LocalLog } from '@flywheel/event-log'
import { type Database, insertErasure } from '@flywheel/store'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Crash, crashing, type Point, withInsert } from './faults.js'
import { type Line, line, record, uuid } from './support.js'
import { deadLetters, openLog, openStore, quickSink, receipts, rowIds, runSink } from './world.js'

let db: Database
let log: LocalLog
let removeStore: () => Promise<void>
let removeLog: () => Promise<void>

beforeAll(async () => {
  const store = await openStore()
  db = store.db
  removeStore = store.remove
})
afterAll(() => removeStore())
beforeEach(async () => {
  const opened = await openLog()
  log = opened.log
  removeLog = opened.remove
})
afterEach(() => removeLog())

const POINTS: Point[] = ['propose', 'interactions', 'feedback', 'dead_letters', 'receipts', 'commit']
const CRASHES: Crash[] = POINTS.flatMap((point) => [
  { point, moment: 'before' },
  { point, moment: 'after' },
])

interface Sent {
  interactions: Line[]
  feedback: Line[]
  dead: Line[]
}

/** Six records: rows of two tables, in two months, and two events that no table takes. */
async function send(project: string): Promise<Sent> {
  const lastMonth = Date.now() - 40 * 24 * 3600 * 1000
  const sent: Sent = { interactions: [], feedback: [], dead: [] }
  for (let k = 0; k < 6; k++) {
    const id = `0${(lastMonth + k).toString(16)}`.replace(/^(.{8})(.{4})$/, `$1-$2-7000-8000-00000000000${k}`)
    const interactions = [line('interaction'), line('interaction', { id })]
    const feedback = [line('feedback')]
    const dead = k % 3 === 1 ? [line('interaction', { status: 'fine' })] : []
    sent.interactions.push(...interactions)
    sent.feedback.push(...feedback)
    sent.dead.push(...dead)
    await log.append(record([...interactions, ...dead, ...feedback], { project_id: project }))
  }
  return sent
}

const idsOf = (lines: Line[]) => lines.map(({ meta }) => meta.id).sort()

async function crashAt(crash: Crash, database: Database = db): Promise<void> {
  const faulty = crashing(database, log, crash)
  const { sink } = quickSink({ db: faulty.db, log: faulty.log, drain_ms: 0 })
  await sink.start()
  await faulty.reached
  await sink.stop()
}

async function assertOnce(project: string, sent: Sent, isFinal = false): Promise<void> {
  expect(await rowIds(db, 'interactions', project, isFinal)).toEqual(idsOf(sent.interactions))
  expect(await rowIds(db, 'feedback', project, isFinal)).toEqual(idsOf(sent.feedback))
  expect((await deadLetters(db, project)).map(({ event_id }) => event_id).sort()).toEqual(idsOf(sent.dead))
  const all = await receipts(db, project)
  expect(all.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5])
  const dead = new Set(idsOf(sent.dead))
  const outcomes = all.flatMap(({ ids, outcomes: own }) => ids.map((id, k) => [id, own[k]]))
  expect(outcomes.length).toBe(sent.interactions.length + sent.feedback.length + sent.dead.length)
  for (const [id, outcome] of outcomes) expect(outcome).toBe(dead.has(id!) ? 'dead' : 'stored')
}

describe('a crash', () => {
  it.each(CRASHES)('$moment $point leaves everything stored once after a restart', async (crash) => {
    const project = `${crash.moment} ${crash.point}`
    const sent = await send(project)
    await crashAt(crash)
    // Not committed before its receipts are there: the log still has what the receipts do not.
    const { committed } = (await log.progress('sink'))[0]!
    expect((await receipts(db, project)).length).toBeGreaterThanOrEqual(committed)
    await runSink({ log, db })
    await assertOnce(project, sent, true)
  })

  it('at every point, one after another, leaves everything stored once', async () => {
    const sent = await send('all points')
    for (const crash of CRASHES) {
      if (crash.point === 'commit' && crash.moment === 'after') continue
      await crashAt(crash)
      expect((await log.progress('sink'))[0]).toMatchObject({ committed: 0 })
    }
    await runSink({ log, db })
    await assertOnce('all points', sent, true)
  })

  it('is mended by the keys alone where a token does nothing', async () => {
    const sent = await send('no tokens')
    // A token of its own for every insert: nothing is recognised as sent before.
    const tokenless = withInsert(
      db,
      (_table, insert) => insert(),
      () => uuid(),
    )
    await db.command('SYSTEM STOP MERGES feedback')
    for (const crash of CRASHES.slice(1, -1)) await crashAt(crash, tokenless)
    await runSink({ log, db: tokenless })
    expect((await rowIds(db, 'feedback', 'no tokens')).length).toBeGreaterThan(sent.feedback.length)
    await db.command('SYSTEM START MERGES feedback')
    await assertOnce('no tokens', sent, true)
  })

  it('re-forms the proposed range whatever the limits of the next sink are', async () => {
    await send('other limits')
    const tokens: (string | undefined)[] = []
    const faulty = crashing(db, log, { point: 'receipts', moment: 'before' })
    const watched = (inner: Database) =>
      withInsert(inner, (table, insert, token) => {
        if (table === 'feedback') tokens.push(token)
        return insert()
      })
    const { sink } = quickSink({ db: watched(faulty.db), log: faulty.log, drain_ms: 0, batch: { interval_ms: 300 } })
    await sink.start()
    await faulty.reached
    await sink.stop()
    expect(tokens).toEqual([`${log.log_id}/0:0-5`])
    await log.append(record([line('feedback')], { project_id: 'other limits' }))
    await runSink({ log, db: watched(db), batch: { rows: 1 } })
    // One insert of the whole range again, without its token, although the limit is one row now.
    expect(tokens).toEqual([`${log.log_id}/0:0-5`, undefined, `${log.log_id}/0:6-6`])
  })

  it('in the middle of an insert: the engine knows the token and has no rows, and the redo brings them', async () => {
    const sent = await send('token without rows')
    await crashAt({ point: 'receipts', moment: 'before' })
    // What a kill leaves between the engine's write of the token and its rename of the part: a token without rows.
    await db.command('ALTER TABLE feedback DELETE WHERE project_id = {project:String} SETTINGS mutations_sync = 1', {
      project: 'token without rows',
    })
    await runSink({ log, db })
    await assertOnce('token without rows', sent, true)
  })

  it('then an erasure: the redo leaves the erased lines out', async () => {
    const project = 'erased meanwhile'
    const user = 'ab'.repeat(16)
    const kept = line('interaction', {}, { user: 'cd'.repeat(16) })
    const gone = line('interaction', {}, { user })
    const goneToo = line('feedback', {}, { author: user })
    await log.append(record([kept, gone, goneToo], { project_id: project }))
    await crashAt({ point: 'commit', moment: 'before' })
    expect((await receipts(db, project))[0]!.outcomes).toEqual(['stored', 'stored', 'stored'])
    const id = uuid()
    await insertErasure(db, {
      project_id: project,
      id,
      subject_kind: 'user',
      subject_hmac: user,
      event_ids: [],
      created_at: new Date().toISOString(),
    })
    await db.command(
      `ALTER TABLE interactions DELETE WHERE project_id = {project:String} AND id = {gone:UUID} SETTINGS mutations_sync = 1`,
      {
        project,
        gone: gone.meta.id,
      },
    )
    const tables: string[] = []
    await runSink({
      log,
      db: withInsert(db, (table, insert, token) => {
        tables.push(`${table} ${token ?? 'without a token'}`)
        return insert()
      }),
    })
    expect(tables).toEqual(['interactions without a token', 'receipts without a token'])
    expect(await rowIds(db, 'interactions', project, true)).toEqual([kept.meta.id])
    expect((await receipts(db, project))[0]!.outcomes).toEqual(['stored', 'erased', 'erased'])
  })
})
