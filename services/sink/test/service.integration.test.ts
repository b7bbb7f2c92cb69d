import type { EventLog, LocalLog } from '@flywheel/event-log'
import { createLifecycle, type Lifecycle } from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import { type Database, migrate } from '@flywheel/store'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startSinkService } from '../src/service.js'
import { withAssignments, withInsert } from './faults.js'
import { line, record } from './support.js'
import { drained, openLog, openStore, rowIds, silent } from './world.js'

let db: Database
let log: LocalLog
let lifecycle: Lifecycle
let removeStore: () => Promise<void>
let removeLog: () => Promise<void>

beforeAll(async () => {
  const store = await openStore()
  db = store.db
  removeStore = store.remove
})
afterAll(() => removeStore())
beforeEach(async () => {
  const opened = await openLog(3)
  log = opened.log
  removeLog = opened.remove
  lifecycle = createLifecycle({ logger: silent, deadline_ms: 5000 })
})
afterEach(async () => {
  await lifecycle.shutdown()
  await removeLog()
})

async function start(parts: { db?: () => Promise<Database>; log?: EventLog; drain_ms?: number } = {}) {
  const { url, opened } = await startSinkService(
    {
      openLog: async () => bound(parts.log ?? log),
      openStore: parts.db ?? (async () => bound(db)),
      port: 0,
      host: '127.0.0.1',
      logger: silent,
      sink: {
        batch: { interval_ms: 20 },
        back_off: { initial_ms: 5, max_ms: 20 },
        drain_ms: parts.drain_ms ?? 2000,
      },
    },
    lifecycle,
  )
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(10_000) })
    return { status: response.status, text: await response.text() }
  }
  const until = async (path: string, isTrue: (answer: { status: number; text: string }) => boolean) => {
    for (let k = 0; k < 300; k++) {
      const answer = await get(path)
      if (isTrue(answer)) return answer
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(`${path} never said so: ${(await get(path)).text}`)
  }
  return { opened, get, until }
}

/** The same thing whose close does nothing, so that a test can look at what is left; methods stay bound to what holds their private state. */
function bound<Thing extends object>(thing: Thing): Thing {
  return new Proxy(thing, {
    get: (target, name) => {
      if (name === 'close') return async () => {}
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const sample = (text: string, name: string) => {
  const found = text.split('\n').find((one) => one.startsWith(`${name} `))
  return found === undefined ? undefined : Number(found.slice(name.length + 1))
}

describe('the sink as a service', () => {
  it('listens before it reaches the store, says what it waits for, and then consumes', async () => {
    let isThere = false
    const away = async () => {
      if (!isThere) throw new FlywheelError('store_unavailable', 'The store does not answer')
      return bound(db)
    }
    const one = line('interaction')
    await log.append(record([one], { project_id: 'late' }))
    const { opened, get, until } = await start({ db: away })
    expect((await get('/healthz')).status).toBe(200)
    const waiting = await get('/readyz')
    expect([waiting.status, waiting.text]).toEqual([503, expect.stringContaining('store')])
    isThere = true
    await opened
    await drained(log)
    expect(await rowIds(db, 'interactions', 'late')).toEqual([one.meta.id])
    expect((await until('/readyz', ({ status }) => status === 200)).text).toContain('"ready":true')
  })

  it('takes nothing into a store that lacks a migration of this version, and says which', async () => {
    await db.command("ALTER TABLE schema_migrations DELETE WHERE name = '0004-shown-index' SETTINGS mutations_sync = 1")
    await log.append(record([line('interaction')], { project_id: 'old store' }))
    const { until } = await start()
    const answer = await until('/readyz', ({ text }) => text.includes('0004'))
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('run flywheel migrate')])
    expect((await log.backlog('sink')).records).toBe(1)
    await migrate(db)
    await until('/readyz', ({ status }) => status === 200)
    await drained(log)
  })

  it('works against a store with newer migrations', async () => {
    await db.insert('schema_migrations', Buffer.from('{"name":"9999-of-the-future","hash":"x"}'))
    const { opened } = await start()
    await opened
    await log.append(record([line('feedback')], { project_id: 'new store' }))
    await drained(log)
    expect(await rowIds(db, 'feedback', 'new store')).toHaveLength(1)
  })

  it('is not ready while the store refuses, loses nothing, and counts what failed by its code', async () => {
    let isAway = true
    const refusing = withInsert(db, async (table, insert) => {
      if (isAway && table === 'interactions') {
        throw new FlywheelError('store_failed', 'The insert failed', {
          cause: new Error('Code: 243. DB::Exception: Cannot reserve 1.00 MiB (NOT_ENOUGH_SPACE)'),
        })
      }
      await insert()
    })
    const { opened, until } = await start({ db: async () => bound(refusing) })
    await opened
    await until('/readyz', ({ status }) => status === 200)
    const lines = Array.from({ length: 30 }, () => line('interaction'))
    for (const each of lines) await log.append(record([each], { project_id: 'refused' }))
    const answer = await until('/readyz', ({ status }) => status === 503)
    expect(answer.text).toContain('insert is repeated: not_enough_space')
    const { text } = await until('/metrics', ({ text }) => (sample(text, 'flywheel_sink_buffer_bytes') ?? 0) > 0)
    const failed = sample(text, 'flywheel_sink_insert_failures_total{table="interactions",code="not_enough_space"}')
    expect(failed).toBeGreaterThan(0)
    expect(sample(text, 'flywheel_sink_buffer_limit_bytes')).toBe(64 * 1024 * 1024)
    const behind = await until('/metrics', ({ text }) => lagOf(text, 'seconds') > 0)
    expect(lagOf(behind.text, 'records')).toBe(30)
    isAway = false
    await drained(log)
    await until('/readyz', ({ status }) => status === 200)
    const after = await until('/metrics', ({ text }) => lagOf(text, 'records') === 0)
    expect(lagOf(after.text, 'seconds')).toBe(0)
    expect(sample(after.text, 'flywheel_sink_buffer_bytes')).toBe(0)
    expect(sample(after.text, 'flywheel_sink_batch_rows_sum')).toBe(30)
    expect(await rowIds(db, 'interactions', 'refused')).toHaveLength(30)
  })

  it('is ready and stores while the log cannot tell what waits, and its metrics say since when', async () => {
    let isRead = true
    const unread = {
      ...withAssignments(log, () => ({})),
      backlog: (group: string) => (isRead ? log.backlog(group) : new Promise<never>(() => {})),
    }
    const { opened, get, until } = await start({ log: unread })
    await opened
    const readAt = (text: string): number => sample(text, 'flywheel_sink_lag_read_timestamp_seconds') ?? 0
    await until('/metrics', ({ text }) => readAt(text) > 0)
    isRead = false
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const { text } = await get('/metrics')
    await log.append(record([line('interaction')], { project_id: 'unread' }))
    await drained(log)
    expect(await rowIds(db, 'interactions', 'unread')).toHaveLength(1)
    expect((await get('/readyz')).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect(readAt((await get('/metrics')).text)).toBe(readAt(text))
  })

  it('stops within its deadline while the store hangs, and the next one stores the rest once', async () => {
    const hanging = withInsert(db, () => new Promise(() => {}))
    const first = await start({ db: async () => bound(hanging), drain_ms: 200 })
    await first.opened
    const lines = Array.from({ length: 9 }, () => line('interaction'))
    for (const each of lines) await log.append(record([each], { project_id: 'deadline' }))
    await first.until('/metrics', ({ text }) => (sample(text, 'flywheel_sink_buffer_bytes') ?? 0) > 0)
    const started = Date.now()
    expect(await lifecycle.shutdown()).toEqual([])
    expect(Date.now() - started).toBeLessThan(2000)
    expect((await log.backlog('sink')).records).toBe(9)

    lifecycle = createLifecycle({ logger: silent, deadline_ms: 5000 })
    const second = await start()
    await second.opened
    await drained(log)
    const { text } = await second.get('/metrics')
    expect(sample(text, 'flywheel_sink_redos_total')).toBeGreaterThan(0)
    expect(await rowIds(db, 'interactions', 'deadline')).toEqual(lines.map(({ meta }) => meta.id).sort())
  })
})

/** Summed over the partitions that are shown. */
function lagOf(text: string, what: 'records' | 'seconds'): number {
  const name = `flywheel_sink_partition_lag_${what}{`
  const values = text.split('\n').filter((one) => one.startsWith(name))
  return values.reduce((sum, one) => sum + Number(one.split(' ')[1]), 0)
}
