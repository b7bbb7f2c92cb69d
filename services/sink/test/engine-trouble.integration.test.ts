import type { LocalLog } from '@flywheel/event-log'
import type { Database } from '@flywheel/store'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { line, record } from './support.js'
import { deadLetters, drained, metric, openLog, openStore, quickSink, rowIds } from './world.js'

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

/** What the real engine can be made to refuse, with the name that it gives the error. */
interface Trouble {
  code: string
  begin: string[]
  end: string[]
  /** Some lines are tried alone before any is dead; one that was stored so is there twice until parts are merged. */
  isTriedAlone?: true
}

const TROUBLES: Record<string, Trouble> = {
  'a read-only table': {
    code: 'table_is_permanently_read_only',
    begin: ['ALTER TABLE links MODIFY SETTING table_readonly = 1'],
    end: ['ALTER TABLE links RESET SETTING table_readonly'],
  },
  'no memory': {
    code: 'memory_limit_exceeded',
    begin: ['SET max_memory_usage = 100000'],
    end: ['SET max_memory_usage = 0'],
  },
  'no time': {
    code: 'timeout_exceeded',
    begin: ['SET max_execution_time = 0.000001'],
    end: ['SET max_execution_time = 0'],
  },
  'too little free space': {
    code: 'not_enough_space',
    begin: ['ALTER TABLE links MODIFY SETTING min_free_disk_bytes_to_perform_insert = 1000000000000000'],
    end: ['ALTER TABLE links RESET SETTING min_free_disk_bytes_to_perform_insert'],
  },
  'merges that are behind': {
    code: 'too_many_parts',
    begin: ['ALTER TABLE links MODIFY SETTING parts_to_throw_insert = 1, parts_to_delay_insert = 1'],
    end: ['ALTER TABLE links RESET SETTING parts_to_throw_insert, parts_to_delay_insert'],
  },
  'a table that is not there yet': {
    code: 'unknown_table',
    begin: ['RENAME TABLE links TO links_of_later'],
    end: ['RENAME TABLE links_of_later TO links'],
  },
  'a newer version that takes nothing of this one': {
    code: 'schema_newer',
    isTriedAlone: true,
    begin: [
      "INSERT INTO schema_migrations (name, hash) VALUES ('9998-of-the-future', 'x')",
      "ALTER TABLE links ADD CONSTRAINT weighed CHECK metadata['weight'] != ''",
    ],
    end: ['ALTER TABLE links DROP CONSTRAINT weighed'],
  },
}

describe('the engine in trouble', () => {
  it.each(Object.entries(TROUBLES))('%s: the sink waits, bisects nothing and loses nothing', async (name, trouble) => {
    // A part to be there already, for the limit on parts.
    const before = line('link')
    await db.insert('links', Buffer.from(stored(before.text)))
    const good = Array.from({ length: 20 }, () => line('link'))
    const bad = line('link', { ref: '' })
    await log.append(record([...good.slice(0, 7), bad, ...good.slice(7)], { project_id: name }))
    for (const statement of trouble.begin) await db.command(statement)
    const { sink, metrics } = quickSink({ log, db })
    try {
      await sink.start()
      let status = await sink.status()
      for (let k = 0; k < 500 && status.last_error === null; k++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        status = await sink.status()
      }
      expect(status).toMatchObject({ state: 'retrying', last_error: { step: 'insert', code: trouble.code } })
      const retries = () => metric(metrics, 'flywheel_sink_retries_total{step="insert"}')
      await expect.poll(retries, { timeout: 20_000 }).toBeGreaterThan(1)
      expect((await log.backlog('sink')).records).toBe(1)
    } finally {
      for (const statement of trouble.end) await db.command(statement)
    }
    await drained(log)
    await sink.stop()
    const isCollapsed = trouble.isTriedAlone ?? false
    expect(await rowIds(db, 'links', name, isCollapsed)).toEqual(good.map(({ meta }) => meta.id).sort())
    expect((await deadLetters(db, name)).map(({ event_id }) => event_id)).toEqual([bad.meta.id])
  })

  it('a newer version with columns that this one does not know takes its rows', async () => {
    await db.command(
      "ALTER TABLE links ADD COLUMN IF NOT EXISTS weight Float64, ADD COLUMN IF NOT EXISTS words Enum8('none' = 0)",
    )
    await db.command('ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS seen_by String')
    const [good, bad] = [line('link'), line('link', { ref: '' })]
    await log.append(record([good, bad], { project_id: 'newer' }))
    const { sink } = quickSink({ log, db })
    await sink.start()
    await drained(log)
    await sink.stop()
    expect(await rowIds(db, 'links', 'newer', true)).toEqual([good.meta.id])
    expect(await deadLetters(db, 'newer')).toMatchObject([{ event_id: bad.meta.id, code: 'violated_constraint' }])
  })

  it('a newer version does not make bad lines good', async () => {
    await db.command("INSERT INTO schema_migrations (name, hash) VALUES ('9999-of-the-future', 'x')")
    const lines = Array.from({ length: 9 }, (_, k) => line('link', k % 2 ? { ref: '' } : {}))
    await log.append(record(lines, { project_id: 'mixed' }))
    const { sink } = quickSink({ log, db })
    await sink.start()
    await drained(log)
    await sink.stop()
    expect(await rowIds(db, 'links', 'mixed', true)).toHaveLength(5)
    expect(await deadLetters(db, 'mixed')).toHaveLength(4)
  })
})

/** A line as the sink would write it. */
function stored(text: string): string {
  const until = '2100-01-01T00:00:00.000Z'
  const fields = { project_id: 'before', received_at: new Date().toISOString(), trust: 'server', source: 'l/0:0/0' }
  return JSON.stringify({ ...fields, body_until: until, row_until: until, ...JSON.parse(text) })
}
