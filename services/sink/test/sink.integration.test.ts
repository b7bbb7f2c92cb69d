import type { LocalLog } from '@flywheel/event-log'
import { FlywheelError } from '@flywheel/schema'
import { type Database, insertErasure, listDeadLetters, listInteractions, readConsents } from '@flywheel/store'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { lineHash } from '../src/record-lines.js'
import { withAssignments, withInsert } from './faults.js'
import { type Line, line, record, uuid } from './support.js'
import { deadLetters, drained, metric, openLog, openStore, quickSink, receipts, rowIds, runSink } from './world.js'

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

const TYPES = ['interaction', 'feedback', 'link', 'consent'] as const
const TABLES = ['interactions', 'feedback', 'links', 'consents'] as const
const idsOf = (lines: Line[]) => lines.map(({ meta }) => meta.id).sort()
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const until = async (isTrue: () => Promise<boolean> | boolean) => {
  for (let k = 0; !(await isTrue()); k++) {
    if (k > 1000) throw new Error('waited in vain')
    await pause(10)
  }
}

describe('sink', () => {
  it('keeps a withdrawal for ever, stored or dead, whatever the retention of its project', async () => {
    const project = 'short-retention'
    const row_until = '2021-01-01T00:00:00.000Z'
    const withdrawal = { label: 'withdrawn', subject: 'u9' }
    const lines = [
      line('consent', withdrawal),
      line('consent', { ...withdrawal, label: 'perhaps' }),
      line('interaction'),
    ]
    await log.append(record(lines, { project_id: project, body_until: row_until, row_until }))
    await runSink({ log, db })
    await db.command('OPTIMIZE TABLE consents FINAL')
    expect(await readConsents(db, project, new Date().toISOString())).toMatchObject([
      { subject: 'u9', label: 'withdrawn', row_until: '2100-01-01T00:00:00.000Z' },
    ])
    expect(await deadLetters(db, project)).toMatchObject([
      { type: 'consent', body: expect.stringContaining('perhaps') },
    ])
    expect((await listDeadLetters(db, project)).items).toMatchObject([{ row_until: '2100-01-01T00:00:00.000Z' }])
    expect(await listInteractions(db, project)).toMatchObject({ items: [] })
  })

  it('stores 5,000 mixed events with the columns that only it writes', async () => {
    const project = 'mixed'
    const lines = Array.from({ length: 5000 }, (_, k) =>
      line(TYPES[k % 4]!, {}, { trust: k % 3 ? 'server' : 'ticket' }),
    )
    for (let at = 0; at < lines.length; at += 50) {
      const encoding = at % 100 ? 'gzip' : 'identity'
      await log.append(record(lines.slice(at, at + 50), { project_id: project, encoding }))
    }
    const metrics = await runSink({ log, db, batch: { rows: 1000 } })
    for (const [k, table] of TABLES.entries()) {
      expect(await rowIds(db, table, project)).toEqual(idsOf(lines.filter(({ meta }) => meta.type === TYPES[k])))
      expect(await metric(metrics, `flywheel_sink_rows_total{table="${table}"}`)).toBe(1250)
    }
    const [row] = await db.query<Record<string, unknown>>(
      `SELECT trust, source, user_id, metadata, messages FROM interactions WHERE id = {id:UUID}`,
      { id: lines[52]!.meta.id },
    )
    const sent = JSON.parse(lines[52]!.text) as Record<string, unknown>
    expect(row).toEqual({
      trust: 'server',
      source: `${log.log_id}/0:1/2`,
      user_id: 'u1',
      metadata: { plan: 'pro' },
      messages: JSON.stringify(sent['messages']),
    })
    const all = await receipts(db, project)
    expect(all.length).toBe(100)
    expect(all.flatMap(({ hashes }) => hashes)).toEqual(lines.map(({ text }) => lineHash(Buffer.from(text))))
    expect(all.flatMap(({ outcomes }) => outcomes)).toEqual(Array(5000).fill('stored'))
  })

  it('changes nothing when everything is delivered once more', async () => {
    const project = 'redelivery'
    const lines = [line('interaction'), line('feedback'), line('interaction', { status: 'fine' }), line('consent')]
    const one = record(lines, { project_id: project })
    const state = async () => {
      const rows = await Promise.all(
        TABLES.map((table) =>
          db.query(`SELECT * FROM ${table} FINAL WHERE project_id = {project:String}`, { project }),
        ),
      )
      return JSON.stringify(rows)
    }
    await log.append(one)
    const first = quickSink({ log, db })
    await first.sink.start()
    await drained(log)
    const before = await state()
    await pause(2)
    for (let k = 0; k < 2; k++) {
      await log.append({ ...one, header: { ...one.header, received_at: new Date().toISOString(), request_id: uuid() } })
    }
    await drained(log)
    await first.sink.stop()
    expect(await state()).toBe(before)
    expect((await receipts(db, project)).map(({ outcomes }) => outcomes.join())).toEqual(
      Array(3).fill('stored,stored,dead,stored'),
    )
    expect((await deadLetters(db, project)).map(({ event_id }) => event_id)).toEqual(Array(3).fill(lines[2]!.meta.id))
    expect(await metric(first.metrics, 'flywheel_sink_repeats_total')).toBe(8)
    expect(await metric(first.metrics, 'flywheel_sink_id_reused_total')).toBe(0)
  })

  it('keeps the first arrival of a reused id, within one record too, and counts it', async () => {
    const project = 'reused'
    const id = uuid()
    const version = (user_id: string) => line('interaction', { id, user_id })
    const at = { project_id: project, received_at: new Date().toISOString() }
    await log.append(record([version('first'), version('second')], at))
    await log.append(record([version('third')], at))
    const metrics = await runSink({ log, db })
    const rows = await db.query(`SELECT user_id FROM interactions FINAL WHERE project_id = {project:String}`, {
      project,
    })
    expect(rows).toEqual([{ user_id: 'first' }])
    expect(await metric(metrics, 'flywheel_sink_id_reused_total')).toBe(2)
    expect((await receipts(db, project)).flatMap(({ outcomes }) => outcomes)).toEqual(['stored', 'stored', 'stored'])
    expect(new Set((await receipts(db, project)).flatMap(({ hashes }) => hashes)).size).toBe(3)
  })

  it('leaves out lines of erased subjects, dead ones among them', async () => {
    const project = 'erased'
    const user = 'ab'.repeat(16)
    await insertErasure(db, {
      project_id: project,
      id: uuid(),
      subject_kind: 'user',
      subject_hmac: user,
      event_ids: [],
      created_at: new Date().toISOString(),
    })
    const lines = [
      line('interaction', {}, { user }),
      line('feedback', {}, { author: user }),
      line('interaction', {}, { user: 'cd'.repeat(16) }),
      line('interaction', { status: 'fine' }, { user }),
    ]
    await log.append(record(lines, { project_id: project }))
    const elsewhere = line('interaction', {}, { user })
    await log.append(record([elsewhere], { project_id: 'not erased' }))
    const metrics = await runSink({ log, db })
    expect(await rowIds(db, 'interactions', project)).toEqual([lines[2]!.meta.id])
    expect(await rowIds(db, 'feedback', project)).toEqual([])
    expect(await deadLetters(db, project)).toEqual([])
    expect((await receipts(db, project))[0]!.outcomes).toEqual(['erased', 'erased', 'stored', 'erased'])
    expect(await rowIds(db, 'interactions', 'not erased')).toEqual([elsewhere.meta.id])
    expect(await metric(metrics, 'flywheel_sink_erased_lines_total')).toBe(3)
  })
})

describe('an outage', () => {
  const OUTAGES = {
    'out of memory': 'Code: 241. DB::Exception: Memory limit exceeded (MEMORY_LIMIT_EXCEEDED)',
    'read-only': 'Code: 242. DB::Exception: Table is in readonly mode (TABLE_IS_READ_ONLY)',
    'a schema of another version': 'Code: 16. DB::Exception: No such column (NO_SUCH_COLUMN_IN_TABLE)',
    'a broken connection': 'socket hang up',
  }

  it.each(Object.entries(OUTAGES))(
    'of the store (%s) loses nothing and dead-letters nothing',
    async (name, message) => {
      const lines = Array.from({ length: 40 }, (_, k) => line(TYPES[k % 4]!))
      const bad = line('feedback', { kind: 'applause' })
      let failures = 0
      let inserts = 0
      // Every insert fails twice before it goes through, those of a bisect too.
      const flaky = withInsert(db, async (_table, insert) => {
        if (inserts++ % 3 < 2) {
          failures++
          throw new FlywheelError('store_failed', 'The insert failed.', { cause: new Error(message) })
        }
        return insert()
      })
      for (let at = 0; at < 40; at += 8) {
        await log.append(record([...lines.slice(at, at + 8), ...(at === 16 ? [bad] : [])], { project_id: name }))
      }
      const metrics = await runSink({ log, db: flaky })
      for (const [k, table] of TABLES.entries()) {
        expect(await rowIds(db, table, name)).toEqual(idsOf(lines.filter(({ meta }) => meta.type === TYPES[k])))
      }
      expect((await deadLetters(db, name)).map(({ event_id }) => event_id)).toEqual([bad.meta.id])
      const retries = await Promise.all(
        ['insert', 'dead_letters', 'receipts'].map((step) =>
          metric(metrics, `flywheel_sink_retries_total{step="${step}"}`),
        ),
      )
      expect(retries.reduce((sum, count) => sum + count, 0)).toBe(failures)
      expect(retries.every((count) => count >= 2)).toBe(true)
    },
  )

  it('pauses its partition, shows in the status and ends by itself', async () => {
    let isAway = true
    const away = withInsert(db, async (_table, insert) => {
      if (isAway) throw new Error('socket hang up: where is my order')
      return insert()
    })
    const one = line('interaction')
    await log.append(record([one], { project_id: 'away' }))
    const { sink } = quickSink({ log, db: away })
    expect((await sink.status()).state).toBe('stopped')
    await sink.start()
    await until(async () => (await sink.status()).state === 'retrying')
    const status = await sink.status()
    expect(status).toMatchObject({ last_commit: null, last_error: { step: 'insert' }, lag: { records: 1 } })
    expect(JSON.stringify(status)).not.toContain('order')
    isAway = false
    await drained(log)
    expect(await sink.status()).toMatchObject({ state: 'running', last_error: null, lag: { records: 0 } })
    expect(Date.parse((await sink.status()).last_commit!)).toBeGreaterThan(0)
    await sink.stop()
    expect((await sink.status()).state).toBe('stopped')
  })
})

describe('memory', () => {
  it('is bounded: while the store is away the log keeps the records', async () => {
    const records = 100
    for (let k = 0; k < records; k++) {
      await log.append(record([line('interaction')], { project_id: 'pressure', inflated_bytes: 10_000 }))
    }
    let isAway = true
    const away = withInsert(db, async (_table, insert) => {
      if (isAway) throw new Error('away')
      return insert()
    })
    const taken: number[] = []
    const watched = withAssignments(log, () => ({}), { slice_records: 1 })
    const consume = watched.consume
    watched.consume = (group, onSlice, options) =>
      consume(
        group,
        async (slice) => {
          await onSlice(slice)
          taken.push(slice.first)
        },
        options,
      )
    const { sink } = quickSink({ log: watched, db: away, buffer_bytes: 200_000, batch: { bytes: 50_000 } })
    await sink.start()
    await until(() => taken.length >= 20)
    await pause(200)
    // 200,000 bytes hold 20 records.
    expect(taken.length).toBe(20)
    isAway = false
    await drained(log)
    await sink.stop()
    expect(taken.length).toBe(records)
    expect((await rowIds(db, 'interactions', 'pressure')).length).toBe(records)
  })
})

describe('stop', () => {
  it('writes what is buffered without waiting for company', async () => {
    const one = line('interaction')
    const { sink } = quickSink({ log, db, batch: { interval_ms: 3_600_000 } })
    await sink.start()
    await log.append(record([one], { project_id: 'stop' }))
    await pause(100)
    expect(await rowIds(db, 'interactions', 'stop')).toEqual([])
    await sink.stop()
    expect(await rowIds(db, 'interactions', 'stop')).toEqual([one.meta.id])
    expect((await log.backlog('sink')).records).toBe(0)
  })

  it('gives up at its deadline and leaves the rest in the log', async () => {
    const away = withInsert(db, () => new Promise(() => {}))
    await log.append(record([line('interaction')], { project_id: 'deadline' }))
    const { sink } = quickSink({ log, db: away, drain_ms: 50 })
    await sink.start()
    await pause(100)
    const started = Date.now()
    await sink.stop()
    expect(Date.now() - started).toBeLessThan(2000)
    expect((await log.backlog('sink')).records).toBe(1)
    await runSink({ log, db })
    expect((await rowIds(db, 'interactions', 'deadline')).length).toBe(1)
  })
})

describe('a rebalance', () => {
  it('between two sinks on four partitions stores everything once', async () => {
    const project = 'rebalance'
    const { log: wide, remove } = await openLog(4)
    const lines: Line[] = []
    let isSending = true
    const sending = (async () => {
      while (isSending) {
        const some = [line('interaction'), line('feedback'), line('link')]
        lines.push(...some)
        await wide.append(record(some, { project_id: project }))
        await pause(1)
      }
    })()
    // A slow store, so that partitions move while batches are under way.
    const slow = withInsert(db, async (_table, insert) => {
      await pause(Math.random() * 20)
      await insert()
    })
    const sinks = [0, 1, 2].map(() => quickSink({ log: wide, db: slow, batch: { interval_ms: 5 } }).sink)
    await sinks[0]!.start()
    await pause(150)
    await sinks[1]!.start()
    await pause(150)
    await sinks[0]!.stop()
    await pause(150)
    await sinks[2]!.start()
    await pause(150)
    isSending = false
    await sending
    await drained(wide)
    await sinks[1]!.stop()
    await sinks[2]!.stop()
    const ends = (await wide.progress('sink')).map(({ end }) => end)
    await remove()
    expect(lines.length).toBeGreaterThan(100)
    for (const [k, table] of (['interactions', 'feedback', 'links'] as const).entries()) {
      expect(await rowIds(db, table, project, true)).toEqual(idsOf(lines.filter(({ meta }) => meta.type === TYPES[k])))
    }
    const all = await receipts(db, project)
    expect(all.map(({ partition, position }) => `${partition}:${position}`)).toEqual(
      ends.flatMap((end, partition) => Array.from({ length: end }, (_, k) => `${partition}:${k}`)),
    )
    expect(all.flatMap(({ ids }) => ids).sort()).toEqual(idsOf(lines))
    expect(await deadLetters(db, project)).toEqual([])
  })
})
