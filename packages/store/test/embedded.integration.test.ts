import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

test('a statement may hold a long list of long keys, asked for whole or streamed', async () => {
  const keys = Array.from({ length: 1000 }, (_, n) => `https://desk.example.com/${'x'.repeat(500)}/it's \\${n}\n`)
  const sql =
    'SELECT count() AS n FROM feedback WHERE target IN {keys:Array(String)} OR {last:String} IN {keys:Array(String)}'
  const params = { keys, last: keys.at(-1) }
  expect(await db.query(sql, params)).toHaveLength(1)
  const chunks: Uint8Array[] = []
  for await (const chunk of db.stream(sql, params, 'JSONEachRow')) chunks.push(chunk)
  expect(JSON.parse(Buffer.concat(chunks).toString())).toEqual({ n: 0 })
})

describe('the answer of a statement holds nothing of the one before it', () => {
  // Many blocks are written before the one that fails.
  const failing = "SELECT 'SECRET' AS a, throwIf(number = 99000) FROM numbers(100000) SETTINGS max_block_size = 1000"
  const formats = ['JSONEachRow', 'CSVWithNames', 'Parquet'] as const
  const textOf = async (chunks: AsyncIterable<Uint8Array>) => {
    const pieces: Uint8Array[] = []
    for await (const chunk of chunks) pieces.push(chunk)
    return Buffer.concat(pieces).toString('latin1')
  }
  const expectNothingLeft = async () => {
    for (let session = 0; session < 4; session++) expect(await db.query('SELECT 2 AS two')).toEqual([{ two: 2 }])
    expect(await textOf(db.stream('SELECT 2 AS two', {}, 'CSVWithNames'))).toBe('"two"\n2\n')
    expect(await textOf(db.stream('SELECT 2 AS two', {}, 'JSONEachRow'))).toBe('{"two":2}\n')
  }

  test('when that failed', async () => {
    await expect(db.query(failing)).rejects.toThrow()
    await expectNothingLeft()
    // Queued before the failure is known.
    const answers = [db.query(failing), db.query(failing), db.query('SELECT 2 AS two'), db.query('SELECT 2 AS two')]
    const [, , third, fourth] = await Promise.allSettled(answers)
    expect([third, fourth]).toMatchObject([{ value: [{ two: 2 }] }, { value: [{ two: 2 }] }])
  })

  test.each(formats)('when that failed as a stream of %s', async (format) => {
    await expect(textOf(db.stream(failing, {}, format))).rejects.toThrow()
    await expectNothingLeft()
  })

  test.each(formats)('when its reader left a stream of %s', async (format) => {
    for await (const _ of db.stream('SELECT repeat(toString(number), 50) FROM numbers(1000000)', {}, format)) break
    await expectNothingLeft()
  })
})
