import type { EventType } from '@flywheel/schema'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  type Accounting,
  accounting,
  type Database,
  EVENT_TABLES,
  insertDeadLetters,
  insertReceipts,
  type LogProgress,
  type ReceiptRow,
} from '../src/index.js'
import { feedback, freshStore, interaction, link, NEVER, ndjson, server, uuid } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())
// A hole counts for every project: what one test planted is not the next one's.
afterEach(() => db.command('TRUNCATE TABLE receipts'))

type Row = Record<string, unknown>

/** A record's receipt and rows, as the sink writes them. */
async function write(
  project_id: string,
  place: { log_id?: string; partition?: number; position: number },
  rows: Row[],
  over: Partial<ReceiptRow> = {},
): Promise<ReceiptRow> {
  const { log_id = project_id, partition = 0, position } = place
  const received_at = over.received_at ?? new Date().toISOString()
  for (const [line, row] of rows.entries()) {
    const stored = { ...row, project_id, received_at, source: `${log_id}/${partition}:${position}/${line}` }
    await db.insert(EVENT_TABLES[row['type'] as EventType], ndjson(stored))
  }
  const receipt: ReceiptRow = {
    project_id,
    log_id,
    partition,
    position,
    received_at,
    request_id: `r${position}`,
    key_id: 'k',
    types: rows.map((row) => String(row['type'])),
    ids: rows.map((row) => String(row['id'])),
    hashes: rows.map(() => '0123456789abcdef'),
    outcomes: rows.map(() => 'stored' as const),
    rejected: 0,
    client_instance: '',
    client_seq: 0,
    client_created: 0,
    client_dropped: 0,
    client_rejected: 0,
    body_bytes: 1,
    ...over,
  }
  await insertReceipts(db, [receipt])
  return receipt
}

const at = (log_id: string, ...committed: number[]): LogProgress[] =>
  committed.map((each, partition) => ({ log_id, partition, committed: each, end: each }))

const consent = (): Row => ({
  ...server(),
  type: 'consent',
  id: uuid(),
  schema_version: 1,
  subject_kind: 'user',
  subject: 'u',
  purpose: 'train',
  label: 'granted',
})

test('one row lost in any table, and one dead letter, breaks the sums and is named with its record', async () => {
  const rows = [
    interaction(),
    feedback({ kind: 'copy', target_kind: 'ref', target: 'x' }),
    link({ target_kind: 'interaction', target: uuid(), ref: 'host:1' }),
    consent(),
  ]
  await write('tables', { position: 0 }, rows)
  const dead = { project_id: 'tables', log_id: 'tables', partition: 0, position: 1, line: 0, status: 'open' as const }
  const deadId = uuid()
  const limits = { received_at: new Date().toISOString(), body_until: NEVER, row_until: NEVER }
  const letter = { ...dead, ...limits, type: 'link', event_id: deadId, code: 'c', message: 'm', body: '{}' }
  await insertDeadLetters(db, [letter])
  await write('tables', { position: 1 }, [], { types: ['link'], ids: [deadId], hashes: ['01'], outcomes: ['dead'] })
  const sums = () => accounting(db, 'tables', {}, at('tables', 2))
  expect(await sums()).toMatchObject({ stored: 4, dead_lettered: 1, receipt_lines: 5, balanced: true })
  for (const row of rows) {
    const table = EVENT_TABLES[row['type'] as EventType]
    const mine = `project_id = 'tables' AND id = '${row['id']}'`
    await db.command(`CREATE TABLE saved AS ${table}`)
    await db.command(`INSERT INTO saved SELECT * FROM ${table} WHERE ${mine}`)
    await db.command(`ALTER TABLE ${table} DELETE WHERE ${mine} SETTINGS mutations_sync = 1`)
    const broken = await sums()
    const place = { type: row['type'], id: row['id'], table, log_id: 'tables', partition: 0, position: 0 }
    expect(broken).toMatchObject({ stored: 3, missing_count: 1, missing: [place], balanced: false })
    expect(broken.problems).toEqual([expect.stringContaining(`${table} ${row['id']} (log tables/0:0)`)])
    await db.command(`INSERT INTO ${table} SELECT * FROM saved`)
    await db.command('DROP TABLE saved SYNC')
    expect((await sums()).balanced).toBe(true)
  }
  await db.command("ALTER TABLE dead_letters DELETE WHERE project_id = 'tables' SETTINGS mutations_sync = 1")
  expect(await sums()).toMatchObject({ missing: [{ id: deadId, table: 'dead_letters', position: 1 }], balanced: false })
})

test("a client's counters are summed by instance over restarts, reordered and repeated requests, and by range", async () => {
  const project = 'clients'
  const time = (minute: number) => new Date(Date.UTC(2026, 5, 1, 12, minute)).toISOString()
  let position = 0
  const send = (minute: number, instance: string, seq: number, counters: [number, number, number], rows = 1) => {
    const [client_created, client_dropped, client_rejected] = counters
    const client = { client_instance: instance, client_seq: seq, client_created, client_dropped, client_rejected }
    const events = Array.from({ length: rows }, () => interaction())
    return write(project, { position: position++ }, events, { ...client, received_at: time(minute) })
  }
  await send(0, 'a', 1, [1, 0, 0])
  // The third request arrives before the second, and the third once more.
  const third = await send(10, 'a', 3, [9, 2, 1], 2)
  await send(11, 'a', 2, [4, 1, 0], 2)
  await write(project, { position: position++ }, [], { ...third, position: position - 1, received_at: time(12) })
  // The same process after a restart.
  await send(20, 'b', 1, [2, 0, 0], 2)
  const whole = await accounting(db, project, {}, at(project, position))
  expect(whole).toMatchObject({ created: 11, dropped: 2, rejected: 1, distinct: 7, repeats: 2, pending: 1 })
  expect(whole).toMatchObject({ stored: 7, given_up_but_accepted: 0, balanced: true })
  const late = await accounting(db, project, { since: time(5), until: time(15) }, at(project, position))
  expect(late).toMatchObject({ created: 8, dropped: 2, rejected: 1, receipt_lines: 6, distinct: 4, pending: 1 })
  expect(late.balanced).toBe(true)
  const parts = await Promise.all(
    [{ until: time(5) }, { since: time(5), until: time(15) }, { since: time(15) }].map((range) =>
      accounting(db, project, range, at(project, position)),
    ),
  )
  const sum = (name: 'created' | 'dropped' | 'rejected' | 'receipt_lines' | 'pending') =>
    parts.reduce((total, part) => total + part[name], 0)
  for (const name of ['created', 'dropped', 'rejected', 'receipt_lines', 'pending'] as const) {
    expect(sum(name), name).toBe(whole[name])
  }
})

test('what a client gave up although it was accepted is no loss; more receipts than it made is a difference', async () => {
  const client = { client_instance: 'c', client_seq: 1, client_created: 2, client_dropped: 1 }
  await write('given-up', { position: 0 }, [interaction(), interaction()], client)
  expect(await accounting(db, 'given-up', {}, at('given-up', 1))).toMatchObject({
    pending: 0,
    given_up_but_accepted: 1,
    balanced: true,
  })
  await write('given-up', { position: 1 }, [interaction()], client)
  const sums = await accounting(db, 'given-up', {}, at('given-up', 2))
  expect(sums).toMatchObject({ balanced: false, problems: [expect.stringContaining('than they say to have made')] })
})

test('logs and partitions count each for themselves, and a hole in any of them is named', async () => {
  const project = 'logs'
  for (const partition of [0, 1]) {
    for (const position of [0, 1, 2]) {
      await write(project, { log_id: 'logs-old', partition, position }, [interaction()])
      await write(project, { log_id: 'logs-new', partition, position }, [interaction()])
    }
  }
  const log = at('logs-new', 3, 2)
  expect(await accounting(db, project, {}, log)).toMatchObject({
    distinct: 11,
    stored: 11,
    lost_records: 0,
    balanced: true,
  })
  const remove = (log_id: string, partition: number, position: number) =>
    db.command(
      `ALTER TABLE receipts DELETE WHERE log_id = '${log_id}' AND partition = ${partition} AND position = ${position}
       SETTINGS mutations_sync = 1`,
    )
  await remove('logs-new', 1, 0)
  await remove('logs-old', 0, 1)
  const sums = await accounting(db, project, {}, log)
  expect(sums).toMatchObject({ lost_records: 2, unreceipted_count: 2, balanced: false })
  expect(sums.lost).toEqual([
    { log_id: 'logs-new', partition: 1, first: 0, last: 0 },
    { log_id: 'logs-old', partition: 0, first: 1, last: 1 },
  ])
})

test('many holes are named as ranges, the first of them, over any number of positions', async () => {
  await db.command(
    `INSERT INTO receipts (project_id, log_id, partition, position, received_at)
     SELECT 'holes', 'holes', 0, number, now64(3) FROM numbers(200000)
     WHERE number NOT BETWEEN 65530 AND 65540 AND number != 131072 AND number < 199999`,
  )
  const { lost_records, lost } = await accounting(db, 'holes', {}, at('holes', 400_000))
  expect(lost_records).toBe(11 + 1 + 200_001)
  expect(lost).toEqual(
    [
      [65_530, 65_540],
      [131_072, 131_072],
      [199_999, 399_999],
    ].map(([first, last]) => ({ log_id: 'holes', partition: 0, first, last })),
  )
})

test('projects do not see each other, and slices change nothing', async () => {
  const repeated = interaction()
  await write('one', { position: 0 }, [interaction(), repeated, interaction()])
  await write('one', { position: 1 }, [repeated])
  await write('two', { log_id: 'one', position: 2 }, [interaction()])
  const log = at('one', 3)
  const one = await accounting(db, 'one', {}, log)
  expect(one).toMatchObject({ receipt_lines: 4, distinct: 3, repeats: 1, stored: 3, balanced: true })
  expect(await accounting(db, 'two', {}, log)).toMatchObject({ distinct: 1, stored: 1, balanced: true })
  const sliced: Accounting = await accounting(db, 'one', { slice_events: 1 }, log)
  expect(sliced).toEqual(one)
  await db.command(`ALTER TABLE interactions DELETE WHERE id = '${repeated['id']}' SETTINGS mutations_sync = 1`)
  const whole = await accounting(db, 'one', {}, log)
  expect(whole).toMatchObject({ missing: [{ id: repeated['id'], position: 0 }] })
  expect(await accounting(db, 'one', { slice_events: 1 }, log)).toEqual(whole)
})
