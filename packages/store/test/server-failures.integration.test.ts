import { once } from 'node:events'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ClickHouseFront,
  classifyInsertFailure,
  clickhouseOptions,
  type Database,
  openServer,
  serveClickHouse,
} from '../src/index.js'
import { freshStore, interaction, ndjson } from './support.js'

let embedded: Database
let front: ClickHouseFront
let remove: () => Promise<void>
beforeAll(async () => {
  const store = await freshStore()
  embedded = store.db
  front = await serveClickHouse({ path: store.path, port: 0, isWritable: true, authorize: (key) => key === 'k' })
  remove = async () => {
    await front.close()
    await store.remove()
  }
})
afterAll(() => remove())

const opened: { close(): unknown }[] = []
afterAll(async () => {
  for (const each of opened) await each.close()
})

async function connect(url: string, more: Partial<Parameters<typeof openServer>[0]> = {}): Promise<Database> {
  const db = await openServer({ url, password: 'k', ...more })
  opened.push(db)
  return db
}

async function portOf(server: Server | HttpServer): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a failure that is not of the bytes is transient, and the same bytes go in afterwards', () => {
  const failing = async (db: Database) => {
    const failure = await db.insert('interactions', ndjson(interaction()), { token: 't' }).catch((error) => error)
    expect(failure).toMatchObject({ isRetryable: true })
    expect(classifyInsertFailure(failure)).toBe('transient')
    return failure as { code: string; message: string }
  }

  test('a server that is down, and is there again', async () => {
    const gone = createServer()
    const url = await portOf(gone)
    const { port } = gone.address() as AddressInfo
    gone.close()
    const db = await connect(url)
    const failure = await failing(db)
    expect(failure.code).toBe('store_unavailable')
    expect(failure.message).toBe(
      `ClickHouse at 127.0.0.1:${port} does not answer (ECONNREFUSED); see that it runs and that CLICKHOUSE_URL is right`,
    )
    await expect(db.query('SELECT 1')).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  test('a server that takes the bytes and says nothing', async () => {
    const url = await portOf(createServer((socket) => socket.on('error', () => {})))
    const db = await connect(url, { request_timeout_ms: 300 })
    expect((await failing(db)).code).toBe('store_unavailable')
    await expect(db.query('SELECT 1')).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  test('a connection that breaks half-way, and a proxy that answers in place of the server', async () => {
    const breaking = await portOf(createServer((socket) => socket.once('data', () => socket.destroy())))
    expect((await failing(await connect(breaking))).code).toBe('store_unavailable')
    const proxy = await portOf(
      createHttpServer((request, response) => {
        request.resume()
        response.statusCode = 502
        response.end('<html>Bad Gateway</html>')
      }),
    )
    expect((await failing(await connect(proxy))).code).toBe('store_unavailable')
  })

  // As the engine words them; a full disk cannot be had here.
  test.each([
    [243, 'NOT_ENOUGH_SPACE', 'Cannot reserve 1.00 MiB, not enough space'],
    [242, 'TABLE_IS_READ_ONLY', 'Table is in readonly mode since table metadata was not found in zookeeper'],
    [164, 'READONLY', 'Cannot execute query in readonly mode'],
    [16, 'NO_SUCH_COLUMN_IN_TABLE', 'No such column later in table default.interactions'],
    [252, 'TOO_MANY_PARTS', 'Too many parts (300). Merges are processing significantly slower than inserts'],
    [241, 'MEMORY_LIMIT_EXCEEDED', 'Memory limit (total) exceeded'],
    [319, 'UNKNOWN_STATUS_OF_INSERT', 'Unknown status, client must retry'],
    [999, 'KEEPER_EXCEPTION', 'Connection loss'],
    [285, 'TOO_FEW_LIVE_REPLICAS', 'Number of alive replicas (1) is less than requested quorum (2/2)'],
  ])('the engine answers %i %s', async (code, name, message) => {
    const url = await portOf(
      createHttpServer((request, response) => {
        request.resume()
        request.on('end', () => {
          response.writeHead(500, { 'X-ClickHouse-Exception-Code': String(code) })
          response.end(`Code: ${code}. DB::Exception: ${message}. (${name}) (version 26.7.2.1 (official build))\n`)
        })
      }),
    )
    const failure = await failing(await connect(url))
    expect(failure.code).toBe('store_failed')
    expect(failure.message).toContain(message)
  })

  test('a wrong password and a missing database say which variables to look at', async () => {
    for (const db of [
      await connect(front.url, { password: 'x' }),
      await connect(front.url, { database: 'elsewhere' }),
    ]) {
      const failure = await failing(db)
      expect(failure.code).toBe('store_unavailable')
      expect(failure.message).toContain('See CLICKHOUSE_USER, CLICKHOUSE_PASSWORD and CLICKHOUSE_DATABASE')
    }
  })

  test('a table that is not there yet', async () => {
    const db = await connect(front.url)
    const failure = await db.insert('later', ndjson({ id: 1 })).catch((error) => error)
    expect(failure).toMatchObject({ code: 'store_failed', isRetryable: true })
    expect(classifyInsertFailure(failure)).toBe('transient')
  })
})

test('the bytes of a bad line are poison and named, over HTTP too', async () => {
  const db = await connect(front.url)
  const failure = await db
    .insert('interactions', Buffer.from(JSON.stringify(interaction({ status: 'fine' }))))
    .catch((error) => error)
  expect(failure).toMatchObject({ code: 'insert_rejected', isRetryable: false })
  expect(classifyInsertFailure(failure)).toBe('poison')
})

test('settings end with their request: no token, limit or right of one reaches the next', async () => {
  const db = await connect(front.url, { max_open_connections: 1 })
  await db.command(
    'CREATE TABLE IF NOT EXISTS kept (id UInt32) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100',
  )
  await db.insert('kept', ndjson({ id: 1 }), { token: 'a' })
  await db.insert('kept', ndjson({ id: 1 }), { token: 'a' })
  await db.insert('kept', ndjson({ id: 2 }))
  await db.insert('kept', ndjson({ id: 2 }))
  expect(await db.query('SELECT id, count() AS n FROM kept GROUP BY id ORDER BY id')).toEqual([
    { id: 1, n: 1 },
    { id: 2, n: 2 },
  ])
  await expect(db.query('SELECT count() FROM numbers(100000)', {}, { max_rows_to_read: 10 })).rejects.toMatchObject({
    code: 'query_limit',
  })
  expect(await db.query('SELECT count() AS n FROM numbers(100000)')).toEqual([{ n: 100000 }])
})

test('a session that only reads neither writes nor lifts its limits', async () => {
  await embedded.insert('interactions', ndjson(interaction({ project_id: 'reads' })))
  const sql = await connect(front.url, { readOnly: { max_execution_time_s: 5, max_rows_to_read: 1000 } })
  expect(await sql.query("SELECT count() AS n FROM interactions WHERE project_id = 'reads'")).toEqual([{ n: 1 }])
  await expect(sql.query('SELECT count() FROM numbers(100000)')).rejects.toMatchObject({ code: 'query_limit' })
  await expect(sql.insert('interactions', ndjson(interaction()))).rejects.toMatchObject({ code: 'query_failed' })
  await expect(sql.command('DROP TABLE interactions')).rejects.toMatchObject({ code: 'query_failed' })
  for (const statement of [
    'INSERT INTO interactions (id) VALUES (generateUUIDv7())',
    'DROP TABLE interactions',
    'SELECT * FROM (SELECT count() FROM numbers(100000) SETTINGS max_rows_to_read = 0)',
  ]) {
    await expect(sql.query(statement), statement).rejects.toMatchObject({ isRetryable: false })
  }
})

test('a stream that the server breaks off is an error, never the end of the rows', async () => {
  const db = await connect(front.url)
  const sql = 'SELECT number, throwIf(number = 300000) AS late FROM numbers(1000000) SETTINGS max_block_size = 1000'
  for (const format of ['JSONEachRow', 'CSVWithNames'] as const) {
    let bytes = 0
    const reading = (async () => {
      for await (const chunk of db.stream(sql, {}, format)) bytes += chunk.length
    })()
    await expect(reading).rejects.toMatchObject({ code: 'query_failed' })
    expect(bytes).toBeGreaterThan(0)
  }
  // The words of an exception inside the rows are rows.
  const words = 'Code: 395. DB::Exception: not one (version 1.2)'
  const chunks: Uint8Array[] = []
  for await (const chunk of db.stream('SELECT {words:String} AS words', { words }, 'CSVWithNames')) chunks.push(chunk)
  expect(Buffer.concat(chunks).toString()).toBe(`"words"\n"${words}"\n`)
})

test('after close every call says so', async () => {
  const db = await openServer({ url: front.url, password: 'k' })
  await db.close()
  await expect(db.query('SELECT 1')).rejects.toMatchObject({
    code: 'store_unavailable',
    message: 'The store is closed.',
  })
})

describe('the environment', () => {
  test('is read as a group, with every mistake at once', async () => {
    expect(clickhouseOptions({ CLICKHOUSE_URL: 'https://ch:8443', CLICKHOUSE_CLUSTER: 'main' })).toEqual({
      url: 'https://ch:8443',
      username: 'default',
      password: '',
      database: 'default',
      cluster: 'main',
    })
    const wrong = () => clickhouseOptions({ CLICKHOUSE_URL: 'ch:9000', CLICKHOUSE_DATABASE: 'a; b' })
    expect(wrong).toThrow(/CLICKHOUSE_URL must be like http:.*; CLICKHOUSE_DATABASE must be letters/)
    expect(() => clickhouseOptions({})).toThrow(/CLICKHOUSE_URL/)
    await expect(openServer({ url: 'nowhere' })).rejects.toMatchObject({ code: 'invalid_config' })
  })
})
