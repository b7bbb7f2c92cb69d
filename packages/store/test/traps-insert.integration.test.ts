import { createClient } from '@clickhouse/client'
import { createChdbConnection } from 'chdb/connection'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { classifyInsertFailure, type Database, POISON_CODES, TRANSIENT_CODES } from '../src/index.js'
import { feedback, freshStore, interaction, link, ndjson, uuid } from './support.js'

let db: Database
let path: string
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, path, remove } = await freshStore())
})
afterAll(() => remove())

async function count(table: string): Promise<number> {
  const [row] = await db.query<{ rows: number }>('SELECT count() AS rows FROM {table:Identifier}', { table })
  return row!.rows
}

/** Copies are kept: what deduplication by token does is seen without the collapsing by key. */
async function plainTable(name: string, window: number): Promise<void> {
  await db.command(
    `CREATE TABLE {table:Identifier} (id UUID) ENGINE = MergeTree ORDER BY id
     SETTINGS non_replicated_deduplication_window = ${window}`,
    { table: name },
  )
}

describe('insert tokens', () => {
  test('a token does nothing without a window, and drops the repeat with one', async () => {
    await plainTable('without_window', 0)
    await plainTable('with_window', 10_000)
    for (const table of ['without_window', 'with_window']) {
      const row = ndjson({ id: uuid() })
      for (let attempt = 0; attempt < 3; attempt++) await db.insert(table, row, { token: 'one' })
    }
    expect(await count('without_window')).toBe(3)
    expect(await count('with_window')).toBe(1)
  })

  test('every table of ours has the window and replaces', async () => {
    const tables = await db.query<{ name: string; create_table_query: string }>(
      `SELECT name, create_table_query FROM system.tables
       WHERE database = currentDatabase() AND name NOT IN ('without_window', 'with_window')`,
    )
    expect(tables.length).toBe(17)
    for (const { name, create_table_query } of tables) {
      expect(create_table_query, name).toContain('non_replicated_deduplication_window = 10000')
      expect(create_table_query, name).toContain('ENGINE = ReplacingMergeTree')
    }
  })

  test("settings of the client leak into its next statement, and our inserts' do not", async () => {
    await plainTable('leak', 10_000)
    const rows = () => ndjson({ id: uuid() })
    // The trap: clickhouse_settings become a SET that is never taken back. The second insert has other rows and no token.
    const client = createClient({ connection: createChdbConnection({ path }) } as never)
    const values = [{ id: uuid() }]
    await client.insert({
      table: 'leak',
      values,
      format: 'JSONEachRow',
      clickhouse_settings: { insert_deduplication_token: 'leaky', async_insert: 0 },
    })
    await client.insert({ table: 'leak', values: [{ id: uuid() }], format: 'JSONEachRow' })
    expect(await count('leak')).toBe(1)
    await client.close()
    // Our path: the token ends with its statement.
    await db.insert('leak', rows(), { token: 'ours' })
    await db.insert('leak', rows())
    await db.insert('leak', rows())
    expect(await count('leak')).toBe(4)
    const changed = await db.query("SELECT name FROM system.settings WHERE name LIKE 'insert_dedup%' AND changed")
    expect(changed).toEqual([])
  })

  test('one insert is one block a partition, however many rows and bytes it has', async () => {
    const months = ['2026-01-15', '2026-02-15'].map((day) => Date.parse(`${day}T00:00:00Z`))
    const rows = Array.from({ length: 6000 }, (_, index) =>
      interaction({
        project_id: 'blocks',
        id: uuid(months[index % 2]! + index),
        parameters: { text: 'x'.repeat(9000) },
      }),
    )
    const bytes = ndjson(...rows)
    expect(bytes.length).toBeGreaterThan(54_000_000)
    await db.command('SYSTEM STOP MERGES interactions')
    await db.insert('interactions', bytes, { token: 'blocks' })
    const parts = () =>
      db.query("SELECT partition, rows FROM system.parts WHERE table = 'interactions' AND active ORDER BY partition")
    const expected = [
      { partition: '202601', rows: 3000 },
      { partition: '202602', rows: 3000 },
    ]
    expect(await parts()).toEqual(expected)
    await db.insert('interactions', bytes, { token: 'blocks' })
    expect(await parts()).toEqual(expected)
    await db.command('SYSTEM START MERGES interactions')
  })
})

describe('poison', () => {
  const line = (extra: string) => JSON.stringify(interaction()).replace(/}$/, `,${extra}}`)
  const cases: Record<string, [table: string, line: string]> = {
    'broken JSON': ['interactions', '{"id":'],
    'not an object': ['interactions', '[1]'],
    'a word outside the list': ['interactions', line('"status":"fine"')],
    'another such word': ['feedback', JSON.stringify(feedback({ kind: 'nod', target_kind: 'ref', target: 'x' }))],
    'a null where a word must be': [
      'interactions',
      line('"status":"ok","trust":null').replace('"trust":"server",', ''),
    ],
    'a missing word': ['feedback', JSON.stringify(feedback({ target_kind: 'ref', target: 'x' }))],
    'an empty target': ['link', JSON.stringify(link({ target_kind: 'response', target: '', ref: 'x' }))],
    'a duplicated key': ['interactions', line('"task":"a","task":"b"')],
    'text for a number': ['interactions', line('"usage_input_tokens":"many"')],
    'a negative count': ['interactions', line('"usage_input_tokens":-1')],
    'a fraction for a count': ['interactions', line('"usage_input_tokens":1.5')],
    'an exponent for a count': ['interactions', line('"usage_input_tokens":1e3')],
    'no UUID': ['interactions', JSON.stringify(interaction({ id: 'x' }))],
    'a UUID without a time': [
      'interactions',
      JSON.stringify(interaction({ id: '6f7b4c0e-4f4c-4f7e-9c8e-1b1f3e0a0c11' })),
    ],
    'an object for a list': ['interactions', line('"tags":{"a":1}')],
    'a nested map': ['interactions', line('"metadata":{"a":{"b":[1]}},"metadata":1')],
    'no date': [
      'feedback',
      JSON.stringify(feedback({ kind: 'copy', target_kind: 'ref', target: 'x', occurred_at: 'now' })),
    ],
    'nesting deeper than the engine reads': ['interactions', line(`"later":${'['.repeat(5_000)}${']'.repeat(5_000)}`)],
    'no project': ['interactions', JSON.stringify(interaction({ project_id: '' }))],
  }
  const tableOf: Record<string, string> = { link: 'links' }

  test.each(Object.entries(cases))('%s is poison, names its reason and stores nothing', async (_, [table, bad]) => {
    const name = tableOf[table] ?? table
    const before = await count(name)
    const failure = await db.insert(name, Buffer.from(bad)).then(
      () => null,
      (error) => error,
    )
    expect(failure).toMatchObject({ code: 'insert_rejected', isRetryable: false })
    expect(classifyInsertFailure(failure)).toBe('poison')
    expect(await count(name)).toBe(before)
  })

  test('an exponent is refused in a column of integers and read in one of floats, so the collector respells the first', async () => {
    await expect(db.insert('interactions', Buffer.from(line('"usage_input_tokens":1e3')))).rejects.toMatchObject({
      code: 'insert_rejected',
    })
    await db.insert('interactions', Buffer.from(line('"usage_input_tokens":1000,"duration_ms":1e3,"task":"exponent"')))
    expect(
      await db.query("SELECT usage_input_tokens AS tokens, duration_ms FROM interactions WHERE task = 'exponent'"),
    ).toEqual([{ tokens: 1000, duration_ms: 1000 }])
  })

  test('an overflow is no error but another number, so the schema must refuse it', async () => {
    await db.insert('interactions', Buffer.from(line('"usage_input_tokens":4294967297,"task":"overflow"')))
    expect(await db.query("SELECT usage_input_tokens AS tokens FROM interactions WHERE task = 'overflow'")).toEqual([
      { tokens: 1 },
    ])
  })

  test('a null in an Enum8 without a 0 is stored and makes every SELECT fail; our words are strings with a constraint', async () => {
    await db.command("CREATE TABLE enums (id UUID, word Enum8('a' = 1)) ENGINE = MergeTree ORDER BY id")
    await db.insert('enums', ndjson({ id: uuid(), word: null }))
    await expect(db.query('SELECT * FROM enums')).rejects.toMatchObject({ code: 'store_failed' })
    const enums = await db.query(
      "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND type LIKE '%Enum%' AND table != 'enums'",
    )
    expect(enums).toEqual([])
  })

  test('one bad line refuses its whole batch, so that a bisect finds it', async () => {
    const good = Array.from({ length: 50 }, () => interaction({ project_id: 'atomic' }))
    const bad = interaction({ project_id: 'atomic', operation: 'guess' })
    await expect(db.insert('interactions', ndjson(...good, bad), { token: 'a' })).rejects.toMatchObject({
      code: 'insert_rejected',
    })
    const rows = () => db.query("SELECT count() AS rows FROM interactions WHERE project_id = 'atomic'")
    expect(await rows()).toEqual([{ rows: 0 }])
    // The token of the refused insert is not spent.
    await db.insert('interactions', ndjson(...good), { token: 'a' })
    expect(await rows()).toEqual([{ rows: 50 }])
  })

  test('a missing table is transient, as is everything without a code', async () => {
    const failure = await db.insert('nowhere', ndjson({ id: 1 })).catch((error) => error)
    expect(failure).toMatchObject({ code: 'store_failed', isRetryable: true })
    expect(classifyInsertFailure(failure)).toBe('transient')
    expect(classifyInsertFailure(new Error('socket hang up'))).toBe('transient')
    expect(classifyInsertFailure(undefined)).toBe('transient')
    expect([...TRANSIENT_CODES.keys()].filter((code) => POISON_CODES.has(code))).toEqual([])
  })
})

test('unknown fields are skipped, and a null is the default', async () => {
  const id = uuid()
  await db.insert(
    'interactions',
    ndjson(interaction({ id, brand_new: { a: [1] }, task: null, tags: null, turn_id: null })),
  )
  const [row] = await db.query('SELECT task, tags, turn_id, operation FROM interactions WHERE id = {id:UUID}', { id })
  expect(row).toEqual({ task: '', tags: [], turn_id: id, operation: 'chat' })
})

test('times with any zone and any number of digits', async () => {
  const times = ['2026-03-01T12:00:00+02:00', '2026-03-01T10:00:00Z', '2026-03-01T10:00:00.000000999Z']
  for (const occurred_at of times) {
    const id = uuid()
    await db.insert('feedback', ndjson(feedback({ id, kind: 'copy', target_kind: 'ref', target: 'x', occurred_at })))
    const [row] = await db.query('SELECT occurred_at FROM feedback WHERE id = {id:UUID}', { id })
    expect(row).toEqual({ occurred_at: '2026-03-01T10:00:00.000Z' })
  }
})

test('what an insert wrote is flushed to the disk before it returns, in every table that something acknowledged ends in', async () => {
  const flushes = async () => {
    const [row] = await db.query<{ files: number; folders: number }>(
      `SELECT sumIf(value, event = 'FileSync') AS files, sumIf(value, event = 'DirectorySync') AS folders
       FROM system.events`,
    )
    return row!
  }
  const before = await flushes()
  await db.insert('interactions', ndjson(interaction()))
  const after = await flushes()
  expect(after.files - before.files).toBeGreaterThan(0)
  expect(after.folders - before.folders).toBeGreaterThan(0)
  const tables = await db.query<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = currentDatabase()
       AND create_table_query LIKE '%fsync_after_insert = 1%' AND create_table_query LIKE '%fsync_part_directory = 1%'
     ORDER BY name`,
  )
  expect(tables.map(({ name }) => name)).toEqual([
    'consents',
    'dead_letters',
    'erasure_deliveries',
    'erasures',
    'export_items',
    'export_recipients',
    'exports',
    'feedback',
    'interactions',
    'keys',
    'links',
    'projects',
    'receipts',
    'recipe_versions',
    'recipes',
  ])
})

describe('the same bytes again', () => {
  test('without a token go in, though the engine remembers the hash of every block', async () => {
    await plainTable('again', 10_000)
    const row = ndjson({ id: uuid() })
    const client = createClient({ connection: createChdbConnection({ path }) } as never)
    // The trap: insert_deduplicate = 0 no longer turns it off.
    const values = [{ id: uuid() }]
    await client.command({ query: 'SET insert_deduplicate = 0, async_insert = 0' })
    for (let time = 0; time < 2; time++) await client.insert({ table: 'again', values, format: 'JSONEachRow' })
    await client.close()
    expect(await count('again')).toBe(1)
    await db.insert('again', row)
    await db.insert('again', row)
    expect(await count('again')).toBe(3)
  })
})
