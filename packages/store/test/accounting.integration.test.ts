import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  accounting,
  type Database,
  insertDeadLetters,
  insertErasure,
  insertReceipts,
  type LogProgress,
  type Outcome,
  type ReceiptRow,
} from '../src/index.js'
import { feedback, freshStore, interaction, NEVER, ndjson, uuid } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

type Line = { type: string; id: string; outcome?: Outcome; hash?: string }

function receipt(position: number, lines: Line[], over: Partial<ReceiptRow> = {}): ReceiptRow {
  return {
    project_id: 'p',
    log_id: 'log',
    partition: 0,
    position,
    received_at: new Date().toISOString(),
    request_id: `r${position}`,
    key_id: 'k',
    types: lines.map((line) => line.type),
    ids: lines.map((line) => line.id),
    hashes: lines.map((line) => line.hash ?? '00'),
    outcomes: lines.map((line) => line.outcome ?? 'stored'),
    rejected: 0,
    client_instance: '',
    client_seq: 0,
    client_created: 0,
    client_dropped: 0,
    client_rejected: 0,
    body_bytes: 100,
    ...over,
  }
}

const letter = (id: string, position: number) => ({
  project_id: 'p',
  log_id: 'log',
  partition: 0,
  position,
  line: 0,
  type: 'interaction',
  event_id: id,
  code: 'unknown_element_of_enum',
  message: 'm',
  body: '{"a":"é\\n"}',
  received_at: new Date().toISOString(),
  body_until: NEVER,
  row_until: NEVER,
  status: 'open' as const,
})

const log = (committed: number, end = committed): LogProgress[] => [{ log_id: 'log', partition: 0, committed, end }]

test('sums are found in the tables, and every kind of difference shows', async () => {
  const a = interaction({ source: 'log/0:0/0' })
  const b = feedback({ kind: 'copy', target_kind: 'ref', target: 'x', source: 'log/0:0/1' })
  const erased = interaction({ source: 'log/0:1/0' })
  const waiting = interaction({ source: 'log/0:3/0' })
  const ids = { a: String(a['id']), b: String(b['id']), erased: String(erased['id']), dead: uuid(), expired: uuid() }
  await db.insert('interactions', ndjson(a, erased, waiting))
  await db.insert('feedback', ndjson(b))
  await insertDeadLetters(db, [letter(ids.dead, 1)], 't')
  await insertErasure(db, {
    project_id: 'p',
    id: uuid(),
    subject_kind: 'user',
    subject_hmac: 'ff',
    event_ids: [ids.erased],
    created_at: new Date().toISOString(),
  })
  const client = { client_instance: 'c', client_dropped: 1, client_rejected: 2 }
  const receipts = [
    receipt(
      0,
      [
        { type: 'interaction', id: ids.a },
        { type: 'feedback', id: ids.b },
      ],
      { ...client, client_seq: 1, client_created: 2 },
    ),
    receipt(
      1,
      [
        { type: 'interaction', id: ids.dead, outcome: 'dead' },
        { type: 'interaction', id: ids.erased, outcome: 'erased' },
      ],
      {
        ...client,
        client_seq: 2,
        client_created: 9,
      },
    ),
    receipt(
      2,
      [
        { type: 'interaction', id: ids.a, hash: '11' },
        { type: 'interaction', id: ids.expired },
      ],
      {
        row_until: '2021-01-01T00:00:00.000Z',
      },
    ),
    // Written, but not committed: neither its receipt nor its row counts yet.
    receipt(3, [{ type: 'interaction', id: String(waiting['id']) }]),
  ]
  await insertReceipts(db, receipts, 'log/0:0-3')
  await insertReceipts(db, receipts, 'another token')

  const sums = await accounting(db, 'p', { in_log: 1 }, log(3, 4))
  expect(sums).toEqual({
    created: 9,
    dropped: 1,
    rejected: 2,
    pending: 2,
    given_up_but_accepted: 0,
    accepted: 7,
    in_log: 1,
    in_log_unknown: null,
    in_log_records: 1,
    receipt_lines: 6,
    distinct: 5,
    repeats: 1,
    id_reused: 1,
    stored: 2,
    dead_lettered: 1,
    erased: 1,
    expired: 1,
    lost_records: 0,
    lost: [],
    missing_count: 0,
    missing: [],
    unreceipted_count: 0,
    unreceipted: [],
    duplicated_count: 0,
    duplicated: [],
    balanced: true,
    problems: [],
  })
  // One later the row is counted; two later a record is missing.
  expect(await accounting(db, 'p', {}, log(4))).toMatchObject({ stored: 3, balanced: true })
  expect(await accounting(db, 'p', {}, log(6))).toMatchObject({
    lost_records: 2,
    lost: [{ log_id: 'log', partition: 0, first: 4, last: 5 }],
    balanced: false,
    problems: [expect.stringContaining('2 committed log records are without a receipt: log/0:4-5.')],
  })
  // A receipt says stored, and no table has it.
  const lost = uuid()
  await insertReceipts(db, [receipt(4, [{ type: 'link', id: lost }])], 't4')
  expect(await accounting(db, 'p', {}, log(5))).toMatchObject({
    missing: [{ type: 'link', id: lost, table: 'links', log_id: 'log', partition: 0, position: 4 }],
    balanced: false,
    problems: [expect.stringContaining(`links ${lost} (log log/0:4)`)],
  })
  await insertReceipts(db, [receipt(4, [])], 't4b')
  // A dead letter that is in no table of dead letters.
  await insertReceipts(db, [receipt(4, [{ type: 'interaction', id: lost, outcome: 'dead' }])], 't4c')
  expect(await accounting(db, 'p', {}, log(5))).toMatchObject({
    missing: [{ table: 'dead_letters', type: 'interaction', id: lost, position: 4 }],
  })
  await insertReceipts(db, [receipt(4, [])], 't4d')
  // A row that no receipt knows.
  const stray = interaction({ source: 'log/0:2/9' })
  await db.insert('interactions', ndjson(stray))
  expect(await accounting(db, 'p', {}, log(5))).toMatchObject({
    unreceipted: [
      { type: 'interaction', id: stray['id'], table: 'interactions', log_id: 'log', partition: 0, position: 2 },
    ],
    balanced: false,
  })
  expect(await accounting(db, 'p', { since: '2020-01-01T00:00:00Z' }, log(5))).toMatchObject({ unreceipted_count: 1 })
  expect(await accounting(db, 'p', { until: '2020-01-01T00:00:00Z' }, log(5))).toMatchObject({ unreceipted_count: 0 })
})

test('a lost row, a lost receipt and a doubled row that are planted each break the sums and are named', async () => {
  const project_id = 'planted'
  const rows = [0, 1, 2].map((line) => interaction({ project_id, source: `planted/0:0/${line}` }))
  const ids = rows.map((row) => String(row['id']))
  const lines = ids.map((id) => ({ type: 'interaction', id }))
  const receipts = [receipt(0, lines, { project_id, log_id: 'planted' })]
  await db.insert('interactions', ndjson(...rows))
  await insertReceipts(db, receipts, 'planted/0:0-0')
  const sums = () => accounting(db, project_id, {}, [{ log_id: 'planted', partition: 0, committed: 1, end: 1 }])
  const remove = (table: string, condition: string) =>
    db.command(`ALTER TABLE ${table} DELETE WHERE project_id = 'planted' AND ${condition} SETTINGS mutations_sync = 1`)
  const place = { table: 'interactions', log_id: 'planted', partition: 0, position: 0 }
  const event = (index: number) => ({ type: 'interaction', id: ids[index], ...place })
  expect(await sums()).toMatchObject({ stored: 3, distinct: 3, balanced: true })

  await remove('interactions', `id = '${ids[1]}'`)
  expect(await sums()).toMatchObject({ stored: 2, missing_count: 1, missing: [event(1)], balanced: false })
  await db.insert('interactions', ndjson(rows[1]))
  expect(await sums()).toMatchObject({ stored: 3, balanced: true })

  await remove('receipts', 'position = 0')
  const unknown = await sums()
  expect(unknown).toMatchObject({ lost_records: 1, unreceipted_count: 3, distinct: 0, balanced: false })
  expect(unknown.unreceipted.map(({ id }) => id).sort()).toEqual([...ids].sort())
  await insertReceipts(db, receipts, 'planted again')
  expect(await sums()).toMatchObject({ stored: 3, balanced: true })

  // The same event under another time: what a table whose date names no zone would hold.
  await db.command(
    `INSERT INTO interactions (project_id, id, t, trust, source, received_at, body_until, row_until)
     SETTINGS insert_allow_materialized_columns = 1
     SELECT project_id, id, t - INTERVAL 1 DAY, trust, source, received_at, body_until, row_until
     FROM interactions WHERE project_id = 'planted' AND id = '${ids[2]}'`,
  )
  expect(await sums()).toMatchObject({ duplicated_count: 1, duplicated: [event(2)], balanced: false })
})
