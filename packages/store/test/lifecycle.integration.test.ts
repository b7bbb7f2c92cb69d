import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSessions } from '../src/embedded/sessions.js'
import { type Database, migrate, openEmbedded, openEmbeddedReadOnly } from '../src/index.js'
import { BATCH_ROWS, batchOf } from './children/batch.js'
import { runChild, startChild } from './children/run.js'
import { interaction, ndjson, uuid } from './support.js'

let path: string
const opened: { close(): Promise<void> }[] = []
/** Closed after the test even where it fails: a process has one directory open at a time. */
async function openHere(): Promise<Database> {
  const db = await openEmbedded({ path })
  opened.push(db)
  return db
}
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'flywheel-life-'))
})
afterEach(async () => {
  for (const db of opened.splice(0).reverse()) await db.close()
  await rm(path, { recursive: true, force: true })
})

test('a directory in use by another process is one clear sentence', async () => {
  const db = await openHere()
  const { code, stdout, stderr } = await runChild('open.ts', [path])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const error = JSON.parse(stdout) as { code: string; message: string }
  expect(error.code).toBe('store_locked')
  expect(error.message).toBe(
    `The data directory ${path} is in use by process ${process.pid}; stop that one or choose another with --data-dir.`,
  )
  // Another directory in this process is refused too, and says so.
  await expect(openEmbedded({ path: join(path, 'other') })).rejects.toMatchObject({ code: 'store_locked' })
  await db.close()
  expect((await runChild('open.ts', [path])).stdout).toBe('open\n')
})

test('a machine without the binary is one clear sentence', async () => {
  const preload = fileURLToPath(new URL('children/without-binary.cjs', import.meta.url))
  const { stdout } = await runChild('open.ts', [path], { NODE_OPTIONS: `--require=${preload}` })
  const error = JSON.parse(stdout) as { code: string; message: string }
  expect(error.code).toBe('store_unavailable')
  expect(error.message).toMatch(/no binary for this machine .* Alpine \(musl\) nor Windows \(use WSL2 there\)/)
  expect(error.message).not.toContain('\n')
})

test('killed with -9 while it inserts: no acknowledged batch is lost, none is partial, a retry doubles nothing', async () => {
  let next = 0
  let acknowledged = -1
  for (let kill = 0; kill < 4; kill++) {
    const child = startChild('insert-until-killed.ts', [path, String(next)])
    const before = acknowledged
    const closed = once(child, 'close')
    await new Promise<void>((resolve) => {
      void closed.then(() => resolve())
      child.stdout!.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString().split('\n').filter(Boolean))
          acknowledged = Math.max(acknowledged, Number(line))
        if (acknowledged >= before + 3) resolve()
      })
    })
    // Somewhere inside the next inserts.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
    child.kill('SIGKILL')
    expect((await closed)[1]).toBe('SIGKILL')
    // The batch in flight is sent again, as the log would.
    next = acknowledged + 1
  }
  const db = await openHere()
  const rows = await db.query<{ batch: number; rows: number; ids: number }>(
    'SELECT toUInt32(session_id) AS batch, count() AS rows, uniqExact(id) AS ids FROM interactions FINAL GROUP BY batch ORDER BY batch',
  )
  expect(acknowledged).toBeGreaterThanOrEqual(11)
  for (let batch = 0; batch <= acknowledged; batch++)
    expect(rows[batch]).toEqual({ batch, rows: BATCH_ROWS, ids: BATCH_ROWS })
  // At most the batch in flight at the last kill is there too, and whole.
  expect(rows.slice(acknowledged + 1).every((row) => row.rows === BATCH_ROWS)).toBe(true)
  expect(rows.length).toBeLessThanOrEqual(acknowledged + 2)
  await db.close()
})

test('a token that the engine noted before it died, its rows not yet in place, does not lose them', async () => {
  const row = ndjson({ id: uuid() })
  const settings = { insert_deduplication_token: 'raw', async_insert: 0 }
  const insertBoth = async (db: Database) => {
    await db.insert('ours', row, { token: 'one' })
    const [raw] = await openSessions(path, 1)
    await raw!.chdb.rawInsert({ table: 'raw', values: row, format: 'JSONEachRow', settings })
    await raw!.client.close()
  }
  const before = await openHere()
  for (const name of ['ours', 'raw']) {
    await before.command(
      `CREATE TABLE ${name} (id UUID) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100`,
    )
  }
  await insertBoth(before)
  await before.close()
  // What a kill between the engine's two steps leaves: the token in its log, the part nowhere.
  const files = await readdir(join(path, 'store'), { recursive: true })
  const parts = files.filter((file) => /\/all_1_1_0$/.test(file))
  expect(parts).toHaveLength(2)
  for (const part of parts) await rm(join(path, 'store', part), { recursive: true })

  const after = await openHere()
  await insertBoth(after)
  expect(await after.query('SELECT count() AS rows FROM raw')).toEqual([{ rows: 0 }])
  expect(await after.query('SELECT count() AS rows FROM ours')).toEqual([{ rows: 1 }])
})

test('readers see a batch whole or not at all', async () => {
  const db = await openHere()
  await migrate(db)
  let isDone = false
  const partial: unknown[] = []
  let reads = 0
  const reading = (async () => {
    while (!isDone) {
      const rows = await db.query<{ rows: number }>('SELECT count() AS rows FROM interactions GROUP BY session_id')
      partial.push(...rows.filter((row) => row.rows !== BATCH_ROWS))
      reads++
    }
  })()
  for (let batch = 0; batch < 40; batch++) await db.insert('interactions', batchOf(batch))
  isDone = true
  await reading
  expect(partial).toEqual([])
  expect(reads).toBeGreaterThan(5)
  await db.close()
})

test('queries run beside each other and each keeps its own parameters, while a stream is open', async () => {
  const db = await openEmbedded({ path, readers: 3 })
  const stream = db.stream('SELECT number FROM numbers({n:UInt64})', { n: 300_000 }, 'JSONEachRow')
  const chunks = stream[Symbol.asyncIterator]()
  await chunks.next()
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      db.query<{ a: number; b: string }>('SELECT {a:UInt32} AS a, {b:String} AS b', { a: n, b: `'${n}\\` }),
    ),
  )
  expect(answers).toEqual(Array.from({ length: 60 }, (_, n) => [{ a: n, b: `'${n}\\` }]))
  await chunks.return!()
  for (const [format, magic] of [
    ['CSVWithNames', '"number"'],
    ['Parquet', 'PAR1'],
    ['JSONEachRow', '{"number":0}'],
  ] as const) {
    const bytes: Uint8Array[] = []
    for await (const chunk of db.stream('SELECT number FROM numbers(200000)', {}, format)) bytes.push(chunk)
    const whole = Buffer.concat(bytes)
    expect(whole.subarray(0, magic.length).toString()).toBe(magic)
    // Each chunk of the engine is a whole document: with a header of its own, or a whole Parquet file.
    if (format !== 'Parquet')
      expect(whole.toString().trim().split('\n').length).toBe(format === 'CSVWithNames' ? 200_001 : 200_000)
    else expect(whole.toString('latin1').split('PAR1')).toHaveLength(3)
  }
  await db.close()
})

test('limits stop a query, for that query alone', async () => {
  const db = await openHere()
  const slow = 'SELECT count() AS n FROM numbers(1e12) WHERE NOT ignore(sipHash128(number))'
  await expect(db.query(slow, {}, { max_execution_time_s: 1 })).rejects.toMatchObject({ code: 'query_limit' })
  await expect(db.query('SELECT count() FROM numbers(100000)', {}, { max_rows_to_read: 10 })).rejects.toMatchObject({
    code: 'query_limit',
  })
  expect(await db.query("SELECT name FROM system.settings WHERE changed AND name LIKE 'max_%'")).toEqual([
    // Every session has it from the beginning.
    { name: 'max_query_size' },
  ])
  await expect(db.query('SELEC 1')).rejects.toMatchObject({ code: 'query_failed', isRetryable: false })
  await db.close()
  await expect(db.query('SELECT 1')).rejects.toMatchObject({ code: 'store_unavailable' })
})

test('read-only sessions read, and neither write nor lift their limits', async () => {
  const db = await openHere()
  await migrate(db)
  await db.insert('interactions', ndjson(interaction()))
  const sql = await openEmbeddedReadOnly({ path, limits: { max_rows_to_read: 1000 } })
  expect(await sql.query('SELECT count() AS rows FROM default.interactions')).toEqual([{ rows: 1 }])
  for (const statement of [
    'INSERT INTO interactions (id) VALUES (generateUUIDv7())',
    'DROP TABLE interactions',
    'SELECT * FROM (SELECT count() FROM numbers(100000) SETTINGS max_rows_to_read = 0)',
  ]) {
    await expect(sql.query(statement), statement).rejects.toMatchObject({ isRetryable: false })
  }
  await expect(sql.query('SELECT count() FROM numbers(100000)')).rejects.toMatchObject({ code: 'query_limit' })
  await expect(sql.insert('interactions', ndjson(interaction()))).rejects.toMatchObject({ code: 'query_failed' })
  // The sessions beside them still write.
  await db.insert('interactions', ndjson(interaction()))
  expect(await db.query('SELECT count() AS rows FROM interactions')).toEqual([{ rows: 2 }])
  await sql.close()
  await db.close()
})
