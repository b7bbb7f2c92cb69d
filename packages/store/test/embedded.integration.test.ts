import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Database,
  insertKey,
  insertProject,
  loadKeys,
  loadMigrations,
  loadProjects,
  migrate,
  revokeKey,
} from '../src/index.js'
import { freshStore, interaction, NEVER, ndjson, uuid } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

test('a second migrate applies nothing and an edited migration is refused', async () => {
  expect(await migrate(db)).toEqual([])
  const [first] = await loadMigrations()
  await expect(migrate(db, [{ name: first!.name, sql: `${first!.sql} ` }])).rejects.toMatchObject({
    code: 'store_failed',
  })
})

test('raw JSON text survives, large integers and the order of keys too', async () => {
  const id = uuid()
  const line = JSON.stringify(interaction({ id })).replace(/}$/, '')
  await db.insert(
    'interactions',
    Buffer.from(`${line},"parameters":{"z":1,"a":12345678901234567890,"b":[1.0]},"new_field":{"x":[1]}}`),
  )
  const rows = await db.query<{ parameters: string }>('SELECT parameters FROM interactions WHERE id = {id:UUID}', {
    id,
  })
  expect(rows).toEqual([{ parameters: '{"z":1,"a":12345678901234567890,"b":[1.0]}' }])
})

test('times come back as RFC 3339 UTC', async () => {
  const id = uuid(Date.parse('2026-03-01T10:00:00.123Z'))
  await db.insert('interactions', ndjson(interaction({ id })))
  const [row] = await db.query<{ t: string; row_until: string }>(
    'SELECT t, row_until FROM interactions WHERE id = {id:UUID}',
    { id },
  )
  expect(row).toEqual({ t: '2026-03-01T10:00:00.123Z', row_until: NEVER })
})

test('control rows are versioned', async () => {
  const now = new Date().toISOString()
  await insertProject(db, {
    id: 'p',
    name: 'one',
    row_key_sealed: 'x',
    body_retention_days: 0,
    row_retention_days: 0,
    consent: { train: 'granted' },
    consent_basis: 'contract',
    created_at: now,
    updated_at: now,
  })
  await insertProject(db, {
    ...(await loadProjects(db))[0]!,
    name: 'two',
    updated_at: new Date(Date.now() + 1).toISOString(),
  })
  expect(await loadProjects(db)).toMatchObject([
    { id: 'p', name: 'two', consent: { train: 'granted' }, created_at: now },
  ])
  await insertKey(db, {
    id: 'k',
    project_id: 'p',
    kind: 'sk',
    name: 'n',
    secret_hash: 'h',
    ticket_key_sealed: 's',
    scopes: ['read'],
    origins: [],
    status: 'active',
    created_at: now,
    updated_at: now,
    verifies_until: NEVER,
  })
  expect(await revokeKey(db, 'k', new Date(0))).toBe(true)
  expect(await revokeKey(db, 'none')).toBe(false)
  expect(await loadKeys(db)).toMatchObject([{ id: 'k', status: 'revoked', scopes: ['read'] }])
})
