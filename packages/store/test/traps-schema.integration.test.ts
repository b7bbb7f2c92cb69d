import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../src/index.js'
import { freshStore } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

test('every date column of every table names its zone, and t follows the id alone', async () => {
  const columns = await db.query<{ table: string; name: string; type: string; kind: string; expression: string }>(
    `SELECT table, name, type, default_kind AS kind, default_expression AS expression FROM system.columns
     WHERE database = currentDatabase() AND type LIKE '%Date%'`,
  )
  expect(columns.length).toBeGreaterThan(20)
  for (const { table, name, type } of columns)
    expect(type, `${table}.${name}`).toMatch(/^(Nullable\()?DateTime64\(3, 'UTC'\)\)?$/)
  const times = columns.filter(({ name }) => name === 't')
  expect(times.map(({ table }) => table).sort()).toEqual(['consents', 'feedback', 'interactions', 'links'])
  for (const { kind, expression } of times) {
    expect({ kind, expression }).toEqual({ kind: 'MATERIALIZED', expression: "UUIDv7ToDateTime(id, 'UTC')" })
  }
})

test('keys, versions and partitions are the contract’s: nothing in a key but the project and what a retry repeats', async () => {
  const tables = await db.query<{ name: string; engine_full: string; sorting_key: string; partition_key: string }>(
    `SELECT name, engine_full, sorting_key, partition_key FROM system.tables
     WHERE database = currentDatabase() AND name IN ('interactions', 'feedback', 'links', 'consents', 'receipts')`,
  )
  const of = (name: string) => tables.find((table) => table.name === name)
  expect(of('interactions')).toMatchObject({ sorting_key: 'project_id, t, id', partition_key: 'toYYYYMM(t)' })
  expect(of('feedback')).toMatchObject({ sorting_key: 'project_id, target, id', partition_key: 'toYYYYMM(t)' })
  expect(of('links')).toMatchObject({ sorting_key: 'project_id, target, id', partition_key: 'toYYYYMM(t)' })
  expect(of('consents')).toMatchObject({ sorting_key: 'project_id, subject_kind, subject, id' })
  expect(of('receipts')).toMatchObject({ sorting_key: 'project_id, log_id, partition, position' })
  for (const name of ['interactions', 'feedback', 'links', 'consents']) {
    expect(of(name)!.engine_full, name).toMatch(/^ReplacingMergeTree\(version\)/)
  }
  // A withdrawal that expires would lift itself; what a person wrote ends with its limit.
  expect(of('consents')!.engine_full).not.toContain('TTL')
  for (const name of ['interactions', 'feedback', 'links'])
    expect(of(name)!.engine_full).toContain('TTL toDateTime(row_until)')
})

test('what an update of a body would recompute is DEFAULT; server-side names alone are MATERIALIZED', async () => {
  const columns = await db.query<{ name: string; kind: string }>(
    `SELECT DISTINCT name, default_kind AS kind FROM system.columns
     WHERE database = currentDatabase() AND (default_kind = 'MATERIALIZED' OR name IN ('prompt_hash', 'has_text')) ORDER BY name`,
  )
  expect(columns).toEqual([
    { name: 'has_text', kind: 'DEFAULT' },
    { name: 'prompt_hash', kind: 'DEFAULT' },
    { name: 't', kind: 'MATERIALIZED' },
    { name: 'version', kind: 'MATERIALIZED' },
  ])
})
