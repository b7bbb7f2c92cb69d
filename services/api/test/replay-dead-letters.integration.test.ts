import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { createUuidv7, decodeHeader, encodeHeader, FlywheelError, type LogRecord } from '@flywheel/schema'
import { type DeadLetterRow, insertDeadLetters, listDeadLetters } from '@flywheel/store'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { replayDeadLetters } from '../src/replay-dead-letters.js'
import { createHarness, type Harness } from './support.js'

const NEVER = '2100-01-01T00:00:00.000Z'
const START = Date.parse('2026-03-01T00:00:00.000Z')
const nextId = createUuidv7(Date.now, randomBytes)

let harness: Harness
beforeAll(async () => {
  harness = await createHarness()
})
afterAll(() => harness.close())

const letter = (project_id: string, position: number, over: Partial<DeadLetterRow> = {}): DeadLetterRow => ({
  project_id,
  log_id: 'log',
  partition: 0,
  position,
  line: 0,
  type: 'interaction',
  event_id: nextId(),
  code: 'violated_constraint',
  message: 'm',
  body: `{"n":${position}}`,
  received_at: new Date(START + position).toISOString(),
  body_until: NEVER,
  row_until: NEVER,
  status: 'open',
  trust: 'server',
  user_hmac: '',
  author_hmac: '',
  session_hmac: '',
  replays: 0,
  ...over,
})

/** Replays every open letter of a project into a log that keeps what it gets, and gives way after so many records. */
async function replay(project_id: string, takes = Number.POSITIVE_INFINITY) {
  const records: LogRecord[] = []
  const log = {
    append: async (record: LogRecord) => {
      if (records.length >= takes) throw new FlywheelError('backlog_full', 'The log is full')
      // As a log would keep it: a header that does not read back is no record.
      records.push({ header: decodeHeader(encodeHeader(record.header)), body: record.body })
    },
  }
  const caller = { key_id: 'k', project_id, scopes: [] }
  const request = { filter: { state: 'open' as const }, limit: 10_000, dryRun: false }
  const done = await replayDeadLetters({ db: harness.db, log: log as never }, caller, 'request-1', request).catch(
    (error: FlywheelError) => error,
  )
  return { done, records, open: (await listDeadLetters(harness.db, project_id, { state: 'open' })).items }
}

const linesOf = ({ header, body }: LogRecord) =>
  Buffer.from(header.encoding === 'gzip' ? gunzipSync(body) : body)
    .toString()
    .split('\n')
    .slice(0, -1)

it('a record holds the bytes, who vouched and whose they are, with one replay more', async () => {
  const hmac = (byte: string) => byte.repeat(16)
  const row = letter('kept', 3, {
    type: 'feedback',
    trust: 'ticket',
    user_hmac: hmac('a1'),
    author_hmac: hmac('b2'),
    session_hmac: hmac('c3'),
    replays: 2,
    body_until: '2027-01-01T00:00:00.000Z',
    row_until: '2028-01-01T00:00:00.000Z',
  })
  await insertDeadLetters(harness.db, [row])
  const { records, open } = await replay('kept')
  expect(records).toHaveLength(1)
  expect(records[0]!.header).toMatchObject({
    project_id: 'kept',
    key_id: 'k',
    body_until: row.body_until,
    row_until: row.row_until,
    lines: [
      {
        type: 'feedback',
        id: row.event_id,
        trust: 'ticket',
        user: hmac('a1'),
        author: hmac('b2'),
        session: hmac('c3'),
        replays: 3,
      },
    ],
  })
  expect(linesOf(records[0]!)).toEqual([row.body])
  expect(open).toEqual([])
})

it('records are of one pair of limits and of the size of a request; each is oldest first', async () => {
  const short = { body_until: '2027-01-01T00:00:00.000Z' }
  const large = 'x'.repeat(5 * 1024 * 1024)
  const rows = [
    ...Array.from({ length: 1500 }, (_, k) => letter('groups', k)),
    letter('groups', 2000, short),
    ...[3000, 3001, 3002].map((position) => letter('groups', position, { body: large })),
  ]
  await insertDeadLetters(harness.db, rows.toReversed())
  const { records, open } = await replay('groups')
  expect(open).toEqual([])
  expect(records.map(({ header }) => [header.lines.length, header.body_until])).toEqual([
    [1000, NEVER],
    [501, NEVER],
    [1, short.body_until],
    [1, NEVER],
    [1, NEVER],
  ])
  const ids = records.flatMap(({ header }) => header.lines.map(({ id }) => id))
  expect(new Set(ids)).toEqual(new Set(rows.map((row) => row.event_id)))
  expect(linesOf(records[0]!)).toEqual(rows.slice(0, 1000).map((row) => row.body))
  for (const record of records) expect(linesOf(record).length).toBe(record.header.lines.length)
})

it('where the log gives way, what it has is marked and the rest stays open', async () => {
  const rows = [1, 2, 3].map((position) =>
    letter('full', position, { row_until: `20${30 + position}-01-01T00:00:00.000Z` }),
  )
  await insertDeadLetters(harness.db, rows)
  const first = await replay('full', 1)
  expect(first.done).toMatchObject({ code: 'backlog_full', isRetryable: true })
  expect(first.open.map(({ position }) => position)).toEqual([3, 2])
  const second = await replay('full')
  expect(second.records.flatMap(({ header }) => header.lines.map(({ id }) => id))).toEqual([
    rows[1]!.event_id,
    rows[2]!.event_id,
  ])
  expect(second.open).toEqual([])
})

it('what cannot be sent again as it is stays open, with the reason', async () => {
  const rows = [
    letter('left', 1, { code: 'record_unreadable', body: 'base64:AAAA' }),
    letter('left', 2, { body_until: '2021-01-01T00:00:00.000Z' }),
    letter('left', 3, { trust: '' }),
    letter('left', 4, { body: `base64:${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64')}` }),
  ]
  await insertDeadLetters(harness.db, rows)
  const { done, records, open } = await replay('left')
  expect((done as { skipped: object[] }).skipped).toEqual([
    { id: 'log/0:3/0', reason: 'header_unknown' },
    { id: 'log/0:2/0', reason: 'bytes_expired' },
    { id: 'log/0:1/0', reason: 'record_unreadable' },
  ])
  expect(open.map(({ position }) => position)).toEqual([3, 2, 1])
  // No UTF-8: the bytes themselves, not their replacement characters.
  expect(records.map(({ body }) => Buffer.from(body).toString('hex'))).toEqual(['7bff7d0a'])
})
