import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openEmbedded } from '../src/index.js'

let db: Database
let path: string
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'flywheel-literals-'))
  db = await openEmbedded({ path })
})
afterAll(async () => {
  await db.close()
  await rm(path, { recursive: true, force: true })
})

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    "'",
    '\\',
    "\\'",
    "'; DROP TABLE x --",
    '{b:String}',
    '\0',
    '\n\r\t',
    '\u2028',
    '%',
    '\\x41',
    '$',
    '$&',
  ),
)

test('every text that is bound comes back as it is and stays a value', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, hostile, fc.array(hostile, { maxLength: 5 }), async (a, b, list) => {
      const [row] = await db.query<{ a: string; b: string; list: string[] }>(
        'SELECT {a:String} AS a, {b:String} AS b, {list:Array(String)} AS list',
        { a, b, list },
      )
      expect(row).toEqual({ a, b, list })
    }),
    { numRuns: 200 },
  )
})

test('numbers, dates, nothing and names', async () => {
  const [row] = await db.query(
    `SELECT {n:UInt64} AS n, {x:Float64} AS x, {flag:Bool} AS flag, {when:DateTime64(3, 'UTC')} AS when,
       {none:Nullable(String)} AS none, {empty:Array(UUID)} AS empty, {column:Identifier} AS column
     FROM (SELECT 1 AS y)`,
    { n: 2 ** 53 - 1, x: -1.5e-7, flag: true, when: new Date(1234), none: null, empty: [], column: 'y' },
  )
  expect(row).toEqual({
    n: 9007199254740991,
    x: -1.5e-7,
    flag: true,
    when: '1970-01-01T00:00:01.234Z',
    none: null,
    empty: [],
    column: 1,
  })
  await expect(db.query('SELECT {c:Identifier}', { c: 'x` FROM y' })).rejects.toMatchObject({ code: 'invalid_request' })
  await expect(db.query('SELECT {c:String}', { c: {} })).rejects.toMatchObject({ code: 'invalid_request' })
  // A name that is not given stays a placeholder, and the engine says so.
  await expect(db.query('SELECT {c:String}', {})).rejects.toMatchObject({ code: 'query_failed' })
})
