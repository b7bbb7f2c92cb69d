import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSessions, type Session } from '../src/embedded/sessions.js'
import { type Database, loadMigrations } from '../src/index.js'
import { statements } from '../src/migrate.js'
import { onCluster } from '../src/server/cluster.js'
import { freshStore } from './support.js'

const clustered = onCluster({ cluster: 'main', database: 'flywheel' })
const migrations = await loadMigrations()
const golden = (name: string) => new URL(`golden/cluster/${name}.sql`, import.meta.url)
const all = migrations.flatMap(({ sql }) => statements(sql).flatMap(clustered))

let db: Database
let session: Session
let remove: () => Promise<void>
beforeAll(async () => {
  const store = await freshStore()
  ;({ db, remove } = store)
  session = (await openSessions(store.path, 1))[0]!
})
afterAll(async () => {
  await session.client.close()
  await remove()
})

/** The engine's tree of a statement; by the engine itself, because a query's FORMAT would be read as the statement's own. */
async function parsed(statement: string): Promise<string> {
  const tree = await session.chdb.queryAsync(`EXPLAIN AST ${statement}`, { format: 'TSV' })
  return Buffer.from(tree.bytes()).toString()
}

test('a statement that does not parse is refused', async () => {
  await expect(parsed('CREATE TABLE x ON CLUSTER `main` (a UInt8 ENGINE = Log')).rejects.toThrow()
})

test.each(migrations)('$name becomes the statements of its golden file, and each parses', async ({ name, sql }) => {
  const made = statements(sql).flatMap(clustered)
  const text = `${made.join(';\n\n')};\n`
  // After a new migration: FLYWHEEL_GOLDEN=write npx vitest run packages/store/test/cluster.integration.test.ts
  if (process.env['FLYWHEEL_GOLDEN'] === 'write') await writeFile(golden(name), text)
  expect(text).toBe(await readFile(golden(name), 'utf8'))
  for (const statement of made) {
    expect(await parsed(statement), statement).toMatch(/^(CreateQuery|AlterQuery) /)
    expect(statement).toContain('ON CLUSTER `main`')
  }
})

describe('of every table', () => {
  const names = all.flatMap((sql) => /^CREATE TABLE IF NOT EXISTS (\w+)_local /.exec(sql)?.[1] ?? [])

  test('rows are kept by a Replicated table on each node, with the window in which a token counts', async () => {
    const tables = await db.query<{ name: string; engine_full: string; sorting_key: string; partition_key: string }>(
      `SELECT name, engine_full, sorting_key, partition_key FROM system.tables
       WHERE database = currentDatabase() AND name != 'schema_migrations' ORDER BY name`,
    )
    expect([...names].sort()).toEqual(tables.map(({ name }) => name))
    for (const { name, engine_full, sorting_key, partition_key } of tables) {
      const local = all.find((sql) => sql.startsWith(`CREATE TABLE IF NOT EXISTS ${name}_local `)) ?? ''
      const version = /^ReplacingMergeTree\((\w+)\)/.exec(engine_full)?.[1]
      const path = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
      expect(local).toContain(`ENGINE = ReplicatedReplacingMergeTree(${path}${version ? `, ${version}` : ''})`)
      expect(local).toContain('SETTINGS replicated_deduplication_window = 10000')
      expect(local).not.toContain('non_replicated')
      expect(local).toContain(sorting_key.includes(',') ? `ORDER BY (${sorting_key})` : `ORDER BY ${sorting_key}`)
      if (partition_key !== '') expect(local).toContain(`PARTITION BY ${partition_key}`)
    }
  })

  test.each(names)(
    '%s: a repeat goes to the shard of its first copy, by columns that an insert carries',
    async (name) => {
      const distributed = all.find((sql) => sql.startsWith(`CREATE TABLE IF NOT EXISTS ${name} `)) ?? ''
      const [, of, hashed] = /ENGINE = Distributed\('main', 'flywheel', '(\w+)', cityHash64\(([^)]+)\)\)$/.exec(
        distributed,
      )!
      expect(of).toBe(`${name}_local`)
      const keys = hashed!.split(', ')
      const columns = await db.query<{ name: string; default_kind: string; is_in_sorting_key: number }>(
        'SELECT name, default_kind, is_in_sorting_key FROM system.columns WHERE database = currentDatabase() AND table = {name:String}',
        { name },
      )
      for (const key of keys) {
        expect(columns.find((column) => column.name === key)).toMatchObject({ is_in_sorting_key: 1 })
        expect(columns.find((column) => column.name === key)!.default_kind).not.toBe('MATERIALIZED')
      }
    },
  )
})

test('what a migration or an operator may send later has a form too, and what has none is refused', () => {
  expect(clustered('ALTER TABLE links ADD COLUMN IF NOT EXISTS a String')).toEqual([
    'ALTER TABLE links_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS a String',
    'ALTER TABLE links ON CLUSTER `main` ADD COLUMN IF NOT EXISTS a String',
  ])
  expect(clustered("ALTER TABLE links DELETE WHERE project_id = 'p'")).toEqual([
    "ALTER TABLE links_local ON CLUSTER `main` DELETE WHERE project_id = 'p'",
  ])
  expect(clustered('OPTIMIZE TABLE links FINAL')).toEqual(['OPTIMIZE TABLE links_local ON CLUSTER `main` FINAL'])
  expect(clustered('INSERT INTO links SELECT * FROM links FINAL')).toEqual([
    'INSERT INTO links SELECT * FROM links FINAL',
  ])
  for (const sql of ['CREATE VIEW v AS SELECT 1', 'TRUNCATE TABLE links', 'CREATE TABLE x (a UInt8) ENGINE = Memory']) {
    expect(() => clustered(sql), sql).toThrow(/no form for a cluster yet/)
  }
})
