import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHarness, type Harness } from './support.js'

let harness: Harness
beforeAll(async () => {
  harness = await createHarness()
})
afterAll(() => harness.close())

async function run(sql: string, accept?: string): Promise<{ status: number; text: string }> {
  const response = await harness.request('/v1/query', { body: { sql }, ...(accept === undefined ? {} : { accept }) })
  return { status: response.status, text: await response.text() }
}

describe('SQL of users', () => {
  it.each([
    ['a plain SELECT', 'SELECT 1 AS x', [{ x: 1 }]],
    ['a comment at its end', 'SELECT 1 AS x -- the end', [{ x: 1 }]],
    ['a semicolon at its end', 'SELECT 1 AS x;', [{ x: 1 }]],
    ['a WITH', 'WITH 2 AS y SELECT y AS x', [{ x: 2 }]],
    ['a UNION', '(SELECT 1 AS x) UNION ALL (SELECT 1 AS x)', [{ x: 1 }, { x: 1 }]],
    ['a name with a quotation mark', "SELECT 1 AS `a'`, 'file(1)' AS `file(;`", [{ "a'": 1, 'file(;': 'file(1)' }]],
    ['a column called keys', "SELECT mapKeys(map('a', 1)) AS keys", [{ keys: ['a'] }]],
    [
      'the columns of a table',
      "SELECT name FROM system.columns WHERE table = 'links' AND name = 'ref'",
      [{ name: 'ref' }],
    ],
    ['the column system', 'SELECT count(i.system) AS x FROM interactions AS i', [{ x: 0 }]],
    ['words of other statements in a string', "SELECT 'file(1); INTO OUTFILE' AS x", [{ x: 'file(1); INTO OUTFILE' }]],
  ])('runs %s', async (_, sql, rows) => {
    const { status, text } = await run(sql)
    expect([status, JSON.parse(text)]).toEqual([200, { rows, truncated: false }])
  })

  it('cuts at the limit and says so', async () => {
    const response = await harness.request('/v1/query', { body: { sql: 'SELECT number FROM numbers(10)', limit: 3 } })
    expect(await response.json()).toEqual({ rows: [{ number: 0 }, { number: 1 }, { number: 2 }], truncated: true })
  })

  it('streams in the formats of the engine', async () => {
    expect((await run('SELECT 1 AS x, 2 AS y', 'text/csv')).text).toBe('"x","y"\n1,2\n')
    expect((await run('SELECT 1 AS x', 'application/x-ndjson')).text).toBe('{"x":1}\n')
    const parquet = await harness.request('/v1/query', {
      body: { sql: 'SELECT 1 AS x' },
      accept: 'application/vnd.apache.parquet',
    })
    expect(
      Buffer.from(await parquet.arrayBuffer())
        .subarray(0, 4)
        .toString(),
    ).toBe('PAR1')
  })

  it.each([
    ['a file', (out: string) => `SELECT 1 INTO OUTFILE '${out}'`],
    // Two statements that a wrapper alone makes whole: with it, a read-only session writes the file.
    ['a file, out of the wrapper', (out: string) => `SELECT 1) INTO OUTFILE '${out}'; SELECT * FROM (SELECT 2`],
    ['a file, out of the wrapper in a comment', (out: string) => `SELECT 1) INTO OUTFILE '${out}' --`],
    ['a file by INSERT', (out: string) => `INSERT INTO FUNCTION file('${out}', 'CSV', 'a UInt8') SELECT 1`],
  ])('never writes %s', async (_, sql) => {
    const out = join(harness.folder, 'written.txt')
    expect((await run(sql(out))).status).toBe(400)
    expect(existsSync(out)).toBe(false)
  })

  it.each([
    ['a file as a table', "SELECT * FROM file('/etc/hostname', 'LineAsString')"],
    // A scalar: readonly = 1 lets it through.
    ['a file as a value', "SELECT file('/etc/hostname')"],
    ['a file by APPLY', "SELECT * APPLY(file) FROM (SELECT '/etc/hostname')"],
    ['a file by a quoted name', "SELECT `file`('/etc/hostname')"],
    // The name's quotation mark must not pass for the start of a string.
    ['a file behind a name with a quotation mark', "SELECT 1 AS `a'`, file('/etc/hostname')"],
    ['a file between two such names', "SELECT 1 AS `'`, file('/etc/hostname') AS `b'`"],
    ['a file behind a name with an escape', "SELECT 1 AS `a\\`'`, file('/etc/hostname')"],
    ['a file behind a name in double quotes', `SELECT 1 AS "a'", file('/etc/hostname')`],
    ['a file by an escaped name', "SELECT `fi\\x6ce`('/etc/hostname')"],
    ['a file by a table name', 'SELECT * FROM `/etc/hostname`'],
    ['the network', "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')"],
    ['a bucket', "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'CSV')"],
    ['another server', "SELECT * FROM remote('127.0.0.1:1', 'system', 'one')"],
    ['a program', "SELECT * FROM executable('id', 'TSV', 'a String')"],
  ])('never reads %s', async (_, sql) => {
    const { status, text } = await run(sql)
    expect([status, JSON.parse(text).code]).toEqual([400, 'query_failed'])
  })

  it.each([
    ['sealed keys', 'SELECT * FROM keys'],
    ['sealed keys by their full name', 'SELECT ticket_key_sealed FROM default.keys'],
    ['sealed keys by a quoted name', 'SELECT secret_hash FROM "keys"'],
    ['sealed keys by an escaped name', 'SELECT secret_hash FROM `ke\\x79s`'],
    ['sealed keys by another spelling of both names', 'SELECT secret_hash FROM `default` . `keys`'],
    ['sealed keys after a comma', 'SELECT * FROM interactions, keys'],
    ['sealed keys in a join', 'SELECT * FROM interactions JOIN keys ON true'],
    ['sealed keys by IN', "SELECT 'x' IN keys"],
    ['sealed keys in a subquery', 'SELECT (SELECT any(secret_hash) FROM keys)'],
    ['sealed keys in a CTE', 'WITH k AS (SELECT * FROM keys) SELECT * FROM k'],
    ['sealed keys by a function', "SELECT * FROM merge('default', '^key')"],
    ['sealed keys by another function', "SELECT * FROM loop('default', 'keys')"],
    ['the index of the keys', "SELECT * FROM mergeTreeIndex('default', 'keys')"],
    ['sealed keys through a view', 'SELECT * FROM view(SELECT * FROM keys)'],
    ['sealed keys under an alias', 'SELECT k.secret_hash FROM keys AS k'],
    ['sealed row keys', 'SELECT row_key_sealed FROM projects FINAL'],
    ['paths of the store', 'SELECT path FROM system.parts'],
    ['paths by a quoted name', 'SELECT data_paths FROM `system` . `tables`'],
    ['what others ask', 'SELECT query FROM system.processes'],
    ['settings of the server', 'SELECT * FROM system.server_settings'],
  ])('never shows %s, and says why', async (_, sql) => {
    const { status, text } = await run(sql)
    expect([status, JSON.parse(text).code]).toEqual([400, 'query_failed'])
    expect(JSON.parse(text).detail).toMatch(/holds sealed keys|table (function )?(system\.)?\w+ is not allowed/)
  })

  it.each([
    ['SET', 'SET readonly = 0'],
    ['a second statement', 'SELECT 1; SELECT 2'],
    ['a second statement that writes', 'SELECT 1; DROP TABLE interactions'],
    ['DROP', 'DROP TABLE interactions'],
    ['INSERT', "INSERT INTO keys (id) VALUES ('x')"],
    ['its own settings', 'SELECT 1 SETTINGS max_execution_time = 0'],
    ['settings in a subquery', 'SELECT * FROM (SELECT 1 SETTINGS max_rows_to_read = 0)'],
    ['FORMAT', 'SELECT 1 FORMAT Null'],
  ])('refuses %s', async (_, sql) => {
    const { status, text } = await run(sql)
    expect([status, JSON.parse(text).code]).toEqual([400, 'query_failed'])
    expect(await harness.db.query('SELECT count() AS n FROM interactions')).toEqual([{ n: 0 }])
  })

  it('stops at the limits of the session', async () => {
    const { status, text } = await run('SELECT count() FROM numbers(100000000000)')
    expect([status, JSON.parse(text).code]).toEqual([400, 'query_limit'])
  })

  it.each([
    ['nests too deep', `SELECT ${'1+'.repeat(5_000)}1`],
    ['fails on a value', "SELECT toInt32('x')"],
    ['divides by nothing', 'SELECT intDiv(1, 0)'],
    ['throws', 'SELECT throwIf(1)'],
    ['joins without a name', 'SELECT 1 FROM numbers(1) CROSS JOIN (SELECT 1)'],
    ['needs what is switched off', 'SELECT * FROM numbers(1) WHERE number = (SELECT x FROM nowhere)'],
  ])('a statement that %s is the statement’s fault and not the store’s', async (_, sql) => {
    const { status, text } = await run(sql)
    expect([status, JSON.parse(text).code]).toEqual([400, 'query_failed'])
  })

  it('takes no body without an end', async () => {
    const mib = new Uint8Array(1024 * 1024).fill(0x20)
    let left = 300
    const body = () => new ReadableStream({ pull: (to) => (left-- > 0 ? to.enqueue(mib) : to.close()) })
    for (const path of ['/v1/query', '/v1/exports/validate']) {
      left = 300
      const response = await harness.stream(path, body())
      expect([response.status, await response.json()]).toMatchObject([413, { code: 'body_too_large' }])
    }
  })

  it('leaves the threads of the process to others, however many statements are sent', async () => {
    const answers = Array.from({ length: 20 }, () => run('SELECT sleep(2)'))
    const start = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 200))
    // Both need a thread of Node's pool: in the engine's queue twenty statements would hold all four.
    await readFile('/etc/hostname')
    expect((await harness.request('/v1/interactions')).status).toBe(200)
    expect(performance.now() - start).toBeLessThan(1_500)
    const codes = (await Promise.all(answers)).map(({ status }) => status)
    expect(codes.sort()).toEqual([...Array(8).fill(200), ...Array(12).fill(429)])
    expect((await run('SELECT 1 AS x')).status).toBe(200)
  }, 60_000)

  it('shows nothing of one query in the next, also after a failure', async () => {
    await run("SELECT 'leak' AS x) ; SELECT * FROM (SELECT throwIf(1)")
    expect(JSON.parse((await run('SELECT 2 AS x')).text).rows).toEqual([{ x: 2 }])
  })

  it('needs the scope sql:read', async () => {
    const key = await harness.keyWith(['read'])
    expect((await harness.request('/v1/query', { key, body: { sql: 'SELECT 1' } })).status).toBe(403)
  })
})
