import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClickHouseFront, openEmbeddedReadOnly, serveClickHouse } from '../src/index.js'
import { freshStore } from './support.js'

let front: ClickHouseFront
let path: string
let remove: () => Promise<void>
beforeAll(async () => {
  const store = await freshStore()
  path = store.path
  front = await serveClickHouse({
    path: store.path,
    port: 0,
    authorize: () => true,
    limits: { max_execution_time: 1 },
    sessions: 2,
  })
  remove = async () => {
    await front.close()
    await store.remove()
  }
})
afterAll(() => remove())

/** Some seconds in one block of one row, where the engine never looks at its limit and the guard knows no better. */
const stuck = (more: number) =>
  `SELECT hasAll(range(${500_000 + more}), arrayReverse(range(${500_000 + more}))) SETTINGS max_execution_time = 1`

async function ask(sql: string): Promise<{ code: string | null; text: string; ms: number }> {
  const start = performance.now()
  const answer = await fetch(front.url, { method: 'POST', body: sql, headers: { 'x-clickhouse-key': 'k' } })
  const text = await answer.text().catch(() => 'broken off')
  return { code: answer.headers.get('x-clickhouse-exception-code'), text, ms: performance.now() - start }
}

test('a statement that is long in planning does not hold the thread on which everything else runs', async () => {
  const other = await serveClickHouse({ path, port: 0, authorize: () => true })
  let last = performance.now()
  let longest = 0
  const ticks = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 10)
  // A scalar subquery is computed while the statement around it is planned.
  const sql = 'SELECT (SELECT count() FROM numbers(40000000) WHERE NOT ignore(sipHash64(number))) AS n FORMAT TSV'
  const answer = await fetch(other.url, { method: 'POST', body: sql, headers: { 'x-clickhouse-key': 'k' } })
  expect(await answer.text()).toBe('40000000\n')
  clearInterval(ticks)
  expect(longest).toBeLessThan(700)
  await other.close()
})

test.each(['JSON', 'TSV'])(
  'a statement that the engine does not break off is answered with 159 and leaves the front serving: %s',
  async (format) => {
    const late = await ask(`${stuck(0)} FORMAT ${format}`)
    expect(late.code).toBe('159')
    expect(late.text).toMatch(/cannot be broken off.*TIMEOUT_EXCEEDED/)
    // 1 s and 2 of grace.
    expect(late.ms).toBeLessThan(6000)
    const start = performance.now()
    expect((await Promise.all([ask('SELECT 1'), ask('SELECT 2')])).map(({ text }) => text)).toEqual(['1\n', '2\n'])
    expect(performance.now() - start).toBeLessThan(2000)
  },
)

test('a read-only session answers for a statement that is not broken off, and the other one serves meanwhile', async () => {
  const sql = await openEmbeddedReadOnly({ path, limits: { max_execution_time_s: 1 } })
  const text = stuck(1).replace(/ SETTINGS.*/, ' AS n')
  const start = performance.now()
  await expect(sql.query(text)).rejects.toMatchObject({
    code: 'query_limit',
    message: expect.stringContaining('cannot be broken off'),
  })
  expect(performance.now() - start).toBeLessThan(5000)
  expect(await sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  const rows = (async () => {
    for await (const _ of sql.stream(text, {}, 'JSONEachRow')) void _
  })()
  await expect(rows).rejects.toMatchObject({ code: 'query_limit' })
  await sql.close()
})
