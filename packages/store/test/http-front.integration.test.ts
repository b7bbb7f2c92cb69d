import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClickHouseFront, type Database, serveClickHouse } from '../src/index.js'
import { freshStore, interaction, ndjson } from './support.js'

let db: Database
let path: string
let front: ClickHouseFront
let remove: () => Promise<void>
beforeAll(async () => {
  const store = await freshStore()
  ;({ db, path } = store)
  await db.insert('interactions', ndjson(interaction({ task: 'a' }), interaction({ task: "b\t'" })))
  front = await serveClickHouse({ path, port: 0, authorize: (key) => key === 'fw_sk_1' })
  remove = async () => {
    await front.close()
    await store.remove()
  }
})
afterAll(() => remove())

const SILENT = { level: ClickHouseLogLevel.OFF }

interface Answer {
  status: number
  text: string
  headers: Headers
  code: string | null
}

/** A statement as a body, with the URL's parameters and headers. */
async function ask(
  sql: string,
  query: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${front.url}/?${new URLSearchParams(query)}`, {
    method: 'POST',
    body: sql,
    headers: { 'x-clickhouse-user': 'any', 'x-clickhouse-key': 'fw_sk_1', ...headers },
  })
  const text = await answer.text()
  return {
    status: answer.status,
    text,
    headers: answer.headers,
    code: answer.headers.get('x-clickhouse-exception-code'),
  }
}

describe('what is no table', () => {
  const secret = join(tmpdir(), `flywheel-front-secret-${process.pid}.csv`)
  beforeAll(() => writeFileSync(secret, 'canary,1\n'))
  afterAll(() => rmSync(secret))

  test.each([
    ["SELECT * FROM '%'"],
    ['SELECT * FROM `%`'],
    ['SELECT count() FROM default.`%`'],
    ["SELECT 'x' IN `%`"],
    ['SELECT * FROM interactions JOIN `%` AS f ON true'],
    ['SELECT (SELECT count() FROM `%`)'],
    ['SELECT * FROM interactions, `%`'],
    ['DESCRIBE TABLE `%`'],
    ['SHOW CREATE TABLE `%`'],
  ])('is opened as no file of the host: %s', async (sql) => {
    const answer = await ask(sql.replace('%', secret))
    expect(answer.status).not.toBe(200)
    expect(answer.text).not.toContain('canary')
  })

  test('nor by a plain word, which would be a file of the working directory', async () => {
    const answer = await ask('SELECT * FROM LICENSE')
    expect(answer.status).not.toBe(200)
    expect(answer.text).not.toContain('Apache')
  })
})

test('a question for a name says nothing of files, and the same of every name that is no table', async () => {
  for (const head of ['EXISTS TABLE', 'DESCRIBE TABLE', 'SHOW CREATE TABLE', 'SELECT * FROM interactions,']) {
    for (const table of ['%', 'default.%']) {
      const said = async (name: string) => (await ask(`${head} ${table.replace('%', name)}`)).text.replaceAll(name, '%')
      // The working directory of the tests holds a LICENSE.
      expect((await said('LICENSE')).replace(/:? Maybe.*\?/, '')).toBe(
        (await said('LICENSX')).replace(/:? Maybe.*\?/, ''),
      )
    }
  }
  expect((await ask('EXISTS TABLE default.LICENSE')).text).toBe('0\n')
  expect((await ask('SHOW TABLES FROM default')).text).toBe((await ask('SHOW TABLES')).text)
})

describe('what would stop the process', () => {
  test('a query id that no header carries is left out, and the next request is answered', async () => {
    for (const query_id of ['\u20ac', 'a\r\nb', 'x'.repeat(5000)]) {
      expect((await ask('SELECT 1', { query_id })).text).toBe('1\n')
    }
    expect((await ask('SELECT 1', { query_id: 'mine-1' })).headers.get('x-clickhouse-query-id')).toBe('mine-1')
  })

  test('long words and bodies of line ends are read in linear time', async () => {
    const start = performance.now()
    expect((await ask(`SELECT 1 AS ${'a'.repeat(200_000)}`)).status).toBeGreaterThan(0)
    const form = await fetch(front.url, {
      method: 'POST',
      body: `--B${'\n'.repeat(200_000)}x`,
      headers: { 'x-clickhouse-key': 'fw_sk_1', 'content-type': 'multipart/form-data; boundary=B' },
    })
    await form.text()
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

describe('the protocol', () => {
  test('a query comes as a body, in the URL or as both', async () => {
    const key = { headers: { 'x-clickhouse-key': 'fw_sk_1' } }
    const get = (query: string) => fetch(`${front.url}/?query=${encodeURIComponent(query)}`, key)
    expect(await (await get('SELECT 1')).text()).toBe('1\n')
    expect((await ask('SELECT 1')).text).toBe('1\n')
    expect((await ask('+ 2', { query: 'SELECT 1' })).text).toBe('3\n')
    expect((await ask('')).code).toBe('62')
  })

  test('/ping answers without a key, an unknown path names itself', async () => {
    for (const path of ['/ping', '/', '/replicas_status'])
      expect(await (await fetch(front.url + path)).text()).toBe('Ok.\n')
    expect((await fetch(`${front.url}/play`)).status).toBe(404)
  })

  test('the format is that of the statement, of the header or of the parameter, in this order', async () => {
    const rows = 'SELECT number AS n FROM numbers(2)'
    expect((await ask(`${rows} FORMAT JSONEachRow`, { default_format: 'CSV' })).text).toBe('{"n":0}\n{"n":1}\n')
    const header = await ask(rows, { default_format: 'CSV' }, { 'x-clickhouse-format': 'CSVWithNames' })
    expect(header.text).toBe('"n"\n0\n1\n')
    expect(header.headers.get('x-clickhouse-format')).toBe('CSVWithNames')
    expect(header.headers.get('content-type')).toBe('text/csv; charset=UTF-8; header=present')
    expect((await ask(rows, { default_format: 'JSONCompactEachRow' })).text).toBe('[0]\n[1]\n')
    expect((await ask(rows)).headers.get('content-type')).toBe('text/tab-separated-values; charset=UTF-8')
    expect(JSON.parse((await ask(`${rows} FORMAT JSON`)).text)).toMatchObject({ data: [{ n: 0 }, { n: 1 }], rows: 2 })
    expect((await ask(rows, { default_format: 'Nope' })).code).toBe('73')
    // No rows have a header too.
    expect((await ask('SELECT 1 AS a WHERE 0 FORMAT CSVWithNames')).text).toBe('"a"\n')
  })

  test('parameters come in the escapes of ClickHouse, and never inside a string', async () => {
    const answer = await ask(
      "SELECT {s:String} AS s, {n:Nullable(UInt8)} AS n, {l:Array(String)} AS l, '{s:String}' AS text, {d:DateTime} AS d FORMAT JSONEachRow",
      { param_s: "it's\\n\\\\ {n:UInt8}", param_n: '\\N', param_l: "['q\\'',' r']", param_d: '2026-01-02 03:04:05' },
    )
    expect(JSON.parse(answer.text)).toEqual({
      s: "it's\n\\ {n:UInt8}",
      n: null,
      l: ["q'", ' r'],
      text: '{s:String}',
      d: '2026-01-02 03:04:05',
    })
    expect((await ask('SELECT {s:String}')).code).toBe('456')
    expect((await ask('SELECT count() FROM {t:Identifier}', { param_t: 'interactions' })).text).toBe('2\n')
  })

  test('a query of @clickhouse/client has its rows, its summary and its errors', async () => {
    const client = createClient({ url: front.url, password: 'fw_sk_1', compression: { response: true }, log: SILENT })
    const rows = await client.query({
      query: 'SELECT task FROM interactions WHERE task = {task:String}',
      query_params: { task: "b\t'" },
      format: 'JSONEachRow',
      query_id: 'mine',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    })
    expect(rows.query_id).toBe('mine')
    expect(rows.response_headers['x-clickhouse-query-id']).toBe('mine')
    expect(await rows.json()).toEqual([{ task: "b\t'" }])
    const long = await client.query({
      query: 'SELECT length({text:String}) AS n',
      query_params: { text: 'x'.repeat(200_000) },
      use_multipart_params: true,
      format: 'JSONEachRow',
    })
    expect(await long.json()).toEqual([{ n: 200_000 }])
    const failure = await client.query({ query: 'SELECT nothing FROM interactions' }).catch((error) => error)
    expect(failure).toMatchObject({ code: '47', type: 'UNKNOWN_IDENTIFIER' })
    expect(await client.ping()).toEqual({ success: true })
    await client.close()
  })

  test('an error has a code in a header, a status and the sentence of the engine, once', async () => {
    const unknown = await ask('SELECT * FROM nowhere')
    expect(unknown).toMatchObject({ status: 404, code: '60' })
    expect(unknown.text).toMatch(
      /^Code: 60\. DB::Exception: Unknown table .*\. \(UNKNOWN_TABLE\) \(version [\d.]+\)\n$/,
    )
    const syntax = await ask('SELECT 1 +')
    expect(syntax).toMatchObject({ status: 400, code: '62' })
    expect(syntax.text).toMatch(
      /^Code: 62\. DB::Exception: Syntax error: (?!.*formatQuery).*\(SYNTAX_ERROR\) \(version [\d.]+\)\n$/s,
    )
    expect((await ask('SELECT 1', { database: 'system' })).code).toBe('81')
  })

  test('answers are packed where both sides ask for it, and bodies may come packed', async () => {
    const accept = { 'accept-encoding': 'gzip' }
    const packed = await ask('SELECT number FROM numbers(3)', { enable_http_compression: '1' }, accept)
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(packed.text).toBe('0\n1\n2\n')
    expect((await ask('SELECT 1', {}, accept)).headers.get('content-encoding')).toBeNull()
    const sent = await fetch(front.url, {
      method: 'POST',
      body: new Uint8Array(gzipSync('SELECT 5')),
      headers: { 'content-encoding': 'gzip', 'x-clickhouse-key': 'fw_sk_1' },
    })
    expect(await sent.text()).toBe('5\n')
    expect((await ask('SELECT 1', {}, { 'content-encoding': 'lz4' })).status).toBe(501)
    for (const own of ['compress', 'decompress']) expect((await ask('SELECT 1', { [own]: '1' })).status).toBe(501)
  })

  test('the key is a password in any of its four places, and required', async () => {
    const ways = [
      fetch(`${front.url}/?query=SELECT%201`, { headers: { authorization: `Basic ${btoa('any:fw_sk_1')}` } }),
      fetch(`${front.url}/?query=SELECT%201`, { headers: { authorization: 'Bearer fw_sk_1' } }),
      fetch(`${front.url}/?query=SELECT%201&password=fw_sk_1`),
      fetch(`${front.url}/?query=SELECT%201`, { headers: { 'x-clickhouse-key': 'fw_sk_1' } }),
    ]
    for (const answer of await Promise.all(ways)) expect(await answer.text()).toBe('1\n')
    const none = await fetch(`${front.url}/?query=SELECT%201`)
    expect([none.status, none.headers.get('x-clickhouse-exception-code')]).toEqual([401, '194'])
    expect(await ask('SELECT 1', {}, { 'x-clickhouse-key': 'fw_sk_2' })).toMatchObject({ status: 403, code: '516' })
  })

  test('names can be asked for as tools do', async () => {
    expect((await ask('SHOW TABLES')).text.split('\n')).toContain('interactions')
    expect((await ask("SHOW TABLES FROM default LIKE 'inter%' FORMAT JSONEachRow")).text).toBe(
      '{"name":"interactions"}\n',
    )
    expect((await ask('DESCRIBE TABLE links')).text).toContain("t\tDateTime64(3, \\'UTC\\')")
    expect((await ask('EXISTS TABLE links')).text).toBe('1\n')
    expect((await ask("SELECT name FROM system.tables WHERE name = 'links'")).text).toBe('links\n')
    expect((await ask('SELECT name FROM system.databases WHERE name = currentDatabase()')).text).toBe('default\n')
  })
})

describe('big answers', () => {
  const big = 'SELECT number, repeat(toString(number), 20) AS text FROM numbers(400000)'

  test.each(['CSVWithNames', 'TSVWithNamesAndTypes', 'JSONEachRow', 'RowBinary'])(
    '%s leaves in chunks and is one document',
    async (format) => {
      const { text } = await ask(`${big} FORMAT ${format}`)
      const lines = text.split('\n')
      if (format === 'RowBinary') expect(text.length).toBeGreaterThan(40_000_000)
      else
        expect(lines.length - 1).toBe(400_000 + { CSVWithNames: 1, TSVWithNamesAndTypes: 2, JSONEachRow: 0 }[format]!)
      if (format === 'CSVWithNames') expect(lines.filter((line) => line.startsWith('"number"'))).toHaveLength(1)
    },
  )

  test('who leaves half-way holds nothing: the next one asks', async () => {
    for (let time = 0; time < 5; time++) {
      const left = new AbortController()
      const answer = await fetch(`${front.url}/?query=${encodeURIComponent(`${big} FORMAT TSV`)}`, {
        headers: { 'x-clickhouse-key': 'fw_sk_1' },
        signal: left.signal,
      })
      await answer.body!.getReader().read()
      left.abort()
    }
    expect((await ask('SELECT 2')).text).toBe('2\n')
  })

  test('a failure behind the first rows is written behind them and breaks the body off', async () => {
    const sql = 'SELECT throwIf(number = 300000) FROM numbers(1000000) SETTINGS max_block_size = 1000'
    await expect(ask(`${sql} FORMAT TSV`)).rejects.toThrow()
    const client = createClient({ url: front.url, password: 'fw_sk_1', log: SILENT })
    const rows = await client.query({ query: sql, format: 'JSONEachRow' })
    let seen = 0
    const reading = (async () => {
      for await (const chunk of rows.stream()) seen += chunk.length
    })()
    await expect(reading).rejects.toMatchObject({ code: '395' })
    expect(seen).toBeGreaterThan(0)
    await client.close()
    expect((await ask('SELECT 2')).text).toBe('2\n')
  })
})

describe('a reader', () => {
  const file = join(tmpdir(), `flywheel-front-${process.pid}`)

  test.each([
    'DROP TABLE interactions',
    'INSERT INTO interactions (id) VALUES (generateUUIDv7())',
    'INSERT INTO interactions FORMAT JSONEachRow {"id":"x"}',
    'ALTER TABLE interactions DELETE WHERE 1',
    'SET readonly = 0',
    'SYSTEM SHUTDOWN',
    'CREATE TEMPORARY TABLE x (a UInt8)',
    'KILL QUERY WHERE 1',
    'SELECT * FROM keys',
    'SELECT secret_hash FROM default.`projects`',
    'SELECT * FROM system.processes',
    "SELECT * FROM merge('default', 'ke.s')",
    "SELECT file('/etc/hostname')",
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "DESCRIBE TABLE file('/etc/hostname', 'LineAsString')",
    "SELECT 1 INTO OUTFILE 'FILE'",
    "SELECT 1 INTO OUTFILE 'FILE' FORMAT CSV SETTINGS max_threads = 1",
    "SELECT 1) INTO OUTFILE 'FILE'; SELECT * FROM (SELECT 2",
    'SELECT 1; DROP TABLE interactions',
    'SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)',
    'SELECT 1 SETTINGS readonly = 0, max_execution_time = 0',
    'EXPLAIN SELECT * FROM keys',
  ])('is refused: %s', async (sql) => {
    const { status, text } = await ask(sql.replaceAll("'FILE'", `'${file}'`))
    expect(status, text).toBeGreaterThanOrEqual(400)
    expect(existsSync(file)).toBe(false)
    expect(await db.query('SELECT count() AS n FROM interactions')).toEqual([{ n: 2 }])
  })

  test('is refused what is hidden in a parameter', async () => {
    expect((await ask('SELECT * FROM {t:Identifier}', { param_t: 'keys' })).code).toBe('164')
    const said = await ask('SELECT {s:String}', { param_s: "\\') FROM keys --" })
    expect(said.text).toBe("\\') FROM keys --\n")
  })

  test('is refused settings by which a format writes or reads a file or calls out', async () => {
    const rows = 'SELECT 1 AS a'
    const settings = {
      output_format_schema: file,
      input_format_record_errors_file_path: file,
      format_schema: file,
      format_template_row: file,
      format_avro_schema_registry_url: 'http://127.0.0.1:1/',
    }
    for (const [name, value] of Object.entries(settings)) {
      for (const format of ['Protobuf', 'CapnProto', 'TSV']) {
        expect(await ask(`${rows} FORMAT ${format}`, { [name]: value }), name).toMatchObject({
          status: 403,
          code: '164',
        })
        const inside = `${rows} SETTINGS ${name} = '${value}' FORMAT ${format}`
        expect(await ask(inside), name).toMatchObject({ status: 403, code: '164' })
      }
    }
    expect(existsSync(file)).toBe(false)
  })

  test('lowers limits and never lifts one', async () => {
    expect((await ask('SELECT 1', { max_execution_time: '5', max_result_rows: '10' })).text).toBe('1\n')
    for (const [name, value] of [
      ['max_execution_time', '31'],
      ['max_execution_time', '0'],
      ['max_memory_usage', '0'],
      ['max_rows_to_read', '-1'],
      ['format_schema', '/etc/passwd'],
      ['allow_introspection_functions', '1'],
    ] as const) {
      expect(await ask('SELECT 1', { [name]: value }), name).toMatchObject({ status: 403, code: '164' })
      expect(await ask(`SELECT 1 SETTINGS ${name} = '${value}'`), name).toMatchObject({ status: 403, code: '164' })
    }
    const slow = 'SELECT count() FROM numbers(90000000) WHERE NOT ignore(sipHash128(repeat(toString(number), 50)))'
    expect(await ask(slow, { max_execution_time: '1' })).toMatchObject({ status: 408, code: '159' })
    expect((await ask('SELECT count() FROM numbers(1000)', { max_rows_to_read: '10' })).code).toBe('158')
    expect((await ask('SELECT number FROM numbers(100)', { max_result_rows: '10' })).code).toBe('396')
    // A session is shared: what one request asked for has ended with it.
    expect((await ask('SELECT count() FROM numbers(1000)')).text).toBe('1000\n')
    expect((await ask("SELECT '/' FORMAT CSV", { format_csv_delimiter: '|' })).status).toBe(200)
  })

  test('a format that stands in memory is bounded, and a statement of more than 1 MiB is refused', async () => {
    const small = await serveClickHouse({
      path: path,
      port: 0,
      authorize: () => true,
      limits: { max_result_bytes: 100_000 },
    })
    const post = (body: string) => fetch(small.url, { method: 'POST', body, headers: { 'x-clickhouse-key': 'k' } })
    const sql = 'SELECT repeat(toString(number), 100) AS text FROM numbers(20000) FORMAT'
    expect((await post(`${sql} JSON`)).headers.get('x-clickhouse-exception-code')).toBe('396')
    expect((await (await post(`${sql} JSONEachRow`)).text()).split('\n')).toHaveLength(20_001)
    expect((await post(`SELECT '${'x'.repeat(2 ** 20)}'`)).status).toBe(413)
    await small.close()
  })
})

test('a port in use is one clear sentence', async () => {
  await expect(serveClickHouse({ path: path, port: front.port, authorize: () => true })).rejects.toMatchObject({
    code: 'port_in_use',
  })
})
