import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import {
  accounting,
  type Database,
  getInteraction,
  insertReceipts,
  openEmbedded,
  readConsents,
  readFeedback,
  readLinks,
  statistics,
} from '../src/index.js'
import { runChild } from './children/run.js'
import { feedbackFor, freshStore, interaction, ndjson, server, uuid } from './support.js'

/** Rows as they are stored, not as FINAL shows them, after everything was merged that can merge. */
async function rowsAndPartitions(db: Database, table: string, id: string) {
  await db.command(`OPTIMIZE TABLE ${table} FINAL`)
  const [row] = await db.query<{ rows: number; partitions: number }>(
    'SELECT count() AS rows, uniqExact(_partition_id) AS partitions FROM {table:Identifier} WHERE id = {id:UUID}',
    { table, id },
  )
  return row
}

test('one id inserted under two time zones is one row in one partition', async () => {
  const path = await mkdtemp(join(tmpdir(), 'flywheel-zones-'))
  // Half an hour into March in UTC is still February in New York.
  const id = uuid(Date.parse('2026-03-01T00:30:00.000Z'))
  const line = JSON.stringify(interaction({ id }))
  for (const TZ of ['UTC', 'America/New_York']) {
    const child = await runChild('insert-in-zone.ts', [path, line], { TZ })
    expect(child).toMatchObject({ code: 0, stdout: `${TZ}\n` })
  }
  const db = await openEmbedded({ path })
  expect(await rowsAndPartitions(db, 'interactions', id)).toEqual({ rows: 1, partitions: 1 })
  // The trap: the same two inserts into a table whose date names no zone.
  expect(await rowsAndPartitions(db, 'unzoned', id)).toEqual({ rows: 2, partitions: 2 })
  await db.close()
  await rm(path, { recursive: true, force: true })
})

// A process has one data directory open at a time, so the shared store opens after the test above.
let db: Database
let remove: () => Promise<void>
const open = async () => {
  if (!db) ({ db, remove } = await freshStore())
}
afterAll(() => remove?.())

const outputs = (content: string) => [{ role: 'assistant', parts: [{ type: 'text', content }] }]

test('the first arrival wins, in whatever order the copies are stored', async () => {
  await open()
  const id = uuid()
  const arrival = (minute: number) =>
    interaction({ id, received_at: `2026-03-01T10:0${minute}:00.000Z`, outputs: outputs(`arrival ${minute}`) })
  for (const minute of [2, 1, 3]) {
    await db.insert('interactions', ndjson(arrival(minute)))
    const row = await getInteraction(db, 'p', id)
    expect(row!.output_preview).toBe(minute === 2 ? 'arrival 2' : 'arrival 1')
  }
  await db.command('OPTIMIZE TABLE interactions FINAL')
  expect((await getInteraction(db, 'p', id))!.output_preview).toBe('arrival 1')
  expect(await rowsAndPartitions(db, 'interactions', id)).toEqual({ rows: 1, partitions: 1 })
})

test('within one millisecond the order of the log decides, and within a record the order of its lines', async () => {
  await open()
  const received_at = '2026-03-01T10:00:00.000Z'
  const cases: [string, string][] = [
    ['log/0:8/0', 'log/0:9/0'],
    ['log/0:99/5', 'log/0:100/0'],
    ['log/0:7/3', 'log/0:7/20'],
  ]
  for (const [first, second] of cases) {
    for (const order of [
      [first, second],
      [second, first],
    ]) {
      const id = uuid()
      const copies = order.map((source) => interaction({ id, received_at, source, outputs: outputs(source) }))
      // In one block, where the engine collapses before it writes, and in two.
      await db.insert('interactions', ndjson(...copies))
      expect((await getInteraction(db, 'p', id))!.output_preview).toBe(first)
      for (const copy of copies) await db.insert('interactions', ndjson(copy))
      expect((await getInteraction(db, 'p', id))!.output_preview).toBe(first)
    }
  }
})

test('a reused id with another body neither changes nor doubles the row', async () => {
  await open()
  const id = uuid()
  await db.insert(
    'interactions',
    ndjson(interaction({ id, user_id: 'first', received_at: '2026-03-01T10:00:00.000Z' })),
  )
  await db.insert(
    'interactions',
    ndjson(interaction({ id, user_id: 'thief', received_at: '2026-03-01T10:00:01.000Z' })),
  )
  expect((await getInteraction(db, 'p', id))!.user_id).toBe('first')
  // Another project's event of the same id is another event.
  await db.insert('interactions', ndjson(interaction({ id, project_id: 'other', user_id: 'theirs' })))
  expect((await getInteraction(db, 'p', id))!.user_id).toBe('first')
  expect((await getInteraction(db, 'other', id))!.user_id).toBe('theirs')
})

test('a reused id under another key is not read, in whatever order the copies are stored', async () => {
  await open()
  const project_id = 'reuse'
  const [mine, other] = [interaction({ project_id }), interaction({ project_id })]
  await db.insert('interactions', ndjson(mine, other))
  const ids = { feedback: uuid(), links: uuid(), consents: uuid() }
  const copy = (minute: number, line: number, fields: Record<string, unknown>) => ({
    ...server({ project_id, received_at: `2026-03-01T10:0${minute}:00.000Z`, source: `reuse/0:${minute}/${line}` }),
    schema_version: 1,
    ...fields,
  })
  const copies = (minute: number, target: unknown) => ({
    feedback: copy(minute, 0, { id: ids.feedback, kind: 'thumb', target_kind: 'interaction', target, label: 'up' }),
    links: copy(minute, 1, { id: ids.links, target_kind: 'interaction', target, ref: `ref ${minute}` }),
    consents: copy(minute, 2, {
      id: ids.consents,
      subject_kind: 'user',
      subject: `user ${minute}`,
      purpose: 'train',
      label: 'withdrawn',
    }),
  })
  const tables = ['feedback', 'links', 'consents'] as const
  for (const sent of [copies(2, other['id']), copies(1, mine['id'])]) {
    for (const table of tables) await db.insert(table, ndjson(sent[table]))
  }

  const now = new Date().toISOString()
  expect(await readFeedback(db, project_id, now)).toMatchObject([{ target: mine['id'] }])
  expect(await readLinks(db, project_id, now)).toMatchObject([{ target: mine['id'], ref: 'ref 1' }])
  expect(await readConsents(db, project_id, now)).toMatchObject([{ subject: 'user 1' }])
  const kinds = async (id: unknown) => (await feedbackFor(db, project_id, String(id))).map(({ kind }) => kind)
  expect(await kinds(mine['id'])).toEqual(['thumb'])
  expect(await kinds(other['id'])).toEqual([])
  expect(await statistics(db, project_id)).toMatchObject([{ interactions: 2, feedback: { thumb: 1 } }])

  // Both arrivals have receipts: a reused id, and no event stored twice.
  const types = ['feedback', 'link', 'consent']
  const receipt = (position: number) => ({
    project_id,
    log_id: 'reuse',
    partition: 0,
    position,
    received_at: now,
    request_id: 'r',
    key_id: 'k',
    types,
    ids: [ids.feedback, ids.links, ids.consents],
    hashes: types.map(() => `0${position}`),
    outcomes: types.map(() => 'stored' as const),
    rejected: 0,
    client_instance: '',
    client_seq: 0,
    client_created: 0,
    client_dropped: 0,
    client_rejected: 0,
    body_bytes: 1,
  })
  await insertReceipts(db, [receipt(1), receipt(2)], 'reuse')
  expect(await accounting(db, project_id, {}, [{ log_id: 'reuse', partition: 0, committed: 3, end: 3 }])).toMatchObject(
    { distinct: 3, repeats: 3, id_reused: 3, stored: 3, duplicated_count: 0, duplicated: [] },
  )
})

test('the engine does not order UUIDs by time, so tables sort by t first and ids compare as text', async () => {
  await open()
  const early = '019ca000-0000-7000-bfff-000000000000'
  const late = '019cb000-0000-7000-8000-000000000000'
  const [row] = await db.query<{ uuids: boolean; texts: boolean }>(
    'SELECT {early:UUID} < {late:UUID} AS uuids, {early:String} < {late:String} AS texts',
    { early, late },
  )
  expect(row).toEqual({ uuids: 0, texts: 1 })
  const tables = await db.query<{ name: string; sorting_key: string }>(
    "SELECT name, sorting_key FROM system.tables WHERE database = currentDatabase() AND sorting_key LIKE '%id%'",
  )
  expect(tables.find((table) => table.name === 'interactions')!.sorting_key).toBe('project_id, t, id')
})
