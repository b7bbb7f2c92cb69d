import { randomBytes } from 'node:crypto'
import { createLogger } from '@flywheel/runtime'
import { createUuidv7 } from '@flywheel/schema'
import { recordErasureDeliveries } from '@flywheel/store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createErasures } from '../src/index.js'
import { createHarness, type Harness } from './support.js'

const nextId = createUuidv7(Date.now, randomBytes)
let api: Harness
beforeAll(async () => {
  api = await createHarness()
})
afterAll(() => api.close())

const [first, second, third, lost] = ['1', '2', '3', '4'].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
  string,
]
const at = new Date().toISOString()
const none = { recipe_name: 'r', recipe_hash: '', manifest_sha256: '', path: '', funnel: '' }
const counts = { watermark: at, created_at: at, pairs: 0, unpaired: 0, supervised: 0 }

const log = {
  log_id: 'log-of-the-test',
  append: () => Promise.reject(new Error('nothing is appended')),
  progress: async () => [{ partition: 0, committed: 0, end: 0 }],
  backlog: () => Promise.reject(new Error('nobody asks')),
  waitingLines: () => Promise.reject(new Error('nobody asks')),
  watermark: () => Promise.reject(new Error('nobody asks')),
}

test('the receipt says of each recipient of an export, and of those before it, what is done and what is left by hand', async () => {
  const logger = createLogger('test', { level: 'silent' })
  const erasures = createErasures({ db: api.db, master: api.master, log, exports: {}, logger })
  const asked = { project_id: 'default', subject_kind: 'user' as const, subject: 'ada', reason: '' }
  const { id } = await erasures.request(asked)
  const erased = (rows_taken: number, by: string) => JSON.stringify({ rows_taken, erasures: [by] })
  const row = (own: object) => ({
    ...none,
    ...counts,
    parent: '',
    kind: 'full',
    status: 'published',
    summary: '',
    ...own,
  })
  await api.seed('exports', [
    row({ id: first, status: 'superseded' }),
    // Another person's erasure came before.
    row({ id: second, kind: 'erasure', parent: first, status: 'superseded', summary: erased(1, 'another') }),
    row({ id: third, kind: 'erasure', parent: second, summary: erased(2, id) }),
    row({ id: lost, status: 'superseded', summary: JSON.stringify({ removed: { rows: 5, erasures: [id] } }) }),
  ])
  const copyOf = (of: string): string => `s3://lake/${of}/`
  await api.seed('export_recipients', [
    ...[first, second, third].map((each) => ({ export_id: each, recipient: copyOf(each), created_at: at })),
    { export_id: second, recipient: 'lab', created_at: at },
  ])
  const told = { project_id: 'default', kind: 's3' as const, message: '{}', created_at: at, updated_at: at }
  const remains = `${copyOf(first)}: 9 objects stand that this server’s key may not delete; remove them`
  await recordErasureDeliveries(api.db, [
    { ...told, export_id: first, name: copyOf(first), replaced_by: second, status: 'by_hand', attempts: 1, remains },
    { ...told, export_id: second, name: copyOf(second), replaced_by: third, status: 'done', attempts: 1, remains: '' },
    {
      ...told,
      export_id: second,
      kind: 'webhook',
      name: 'ops',
      replaced_by: third,
      status: 'open',
      attempts: 0,
      remains: '',
    },
  ])

  const receipt = (await (await api.request(`/v1/erasures/${id}`)).json()) as {
    exports: { export_id: string; deliveries: { name: string; status: string }[] }[]
    limits: string[]
  }
  const [rewritten, removed, ...others] = [...receipt.exports].sort((a, b) => (a.export_id < b.export_id ? -1 : 1))
  expect(others).toEqual([])
  // The copy of what took the place holds none of the rows, and nobody need replace it.
  expect(rewritten).toMatchObject({
    export_id: second,
    replaced_by: third,
    rows: 2,
    recipients: ['lab', copyOf(first), copyOf(second)],
  })
  expect(rewritten?.deliveries.map(({ name, status }) => [name, status])).toEqual([
    [copyOf(first), 'by_hand'],
    [copyOf(second), 'done'],
    ['ops', 'open'],
  ])
  expect(removed).toMatchObject({ export_id: lost, replaced_by: null, rows: 5, recipients: [], deliveries: [] })
  expect(receipt.limits).toContain(remains)
  expect(receipt.limits).toContain('ops is not told yet')
  expect(receipt.limits.join(' ')).not.toContain(copyOf(second))
})

test('the receipt names the exports of the subject whose folders are not here, with whoever was given them', async () => {
  const away = '5'.repeat(64)
  const theirs = '6'.repeat(64)
  const [mine, others] = ['eve', 'bob'].map((user_id) => ({ id: nextId(), user_id, schema_version: 1 }))
  await api.seed('interactions', [mine!, others!])
  const row = (id: string) => ({ ...none, ...counts, id, parent: '', kind: 'full', status: 'published', summary: '' })
  await api.seed('exports', [row(away), row(theirs)])
  const item = { config: 'preference', split: 'train', strategy: 's', component: 'c' }
  await api.seed('export_items', [
    { ...item, export_id: away, row_id: 'r1', event_ids: [mine!.id] },
    { ...item, export_id: theirs, row_id: 'r2', event_ids: [others!.id] },
  ])
  const places = ['s3://lake/away/', 's3://cleaned/away/', 's3://locked/away/']
  await api.seed(
    'export_recipients',
    places.map((recipient) => ({ export_id: away, recipient, created_at: at })),
  )
  // One bucket was cleaned without the folder, one only as far as its key may.
  const delivered = { export_id: away, kind: 's3', replaced_by: '', attempts: 1, message: '{}', created_at: at }
  await api.seed('erasure_deliveries', [
    { ...delivered, name: 's3://cleaned/away/', status: 'done', remains: '', updated_at: at },
    { ...delivered, name: 's3://locked/away/', status: 'by_hand', remains: '3 objects stand', updated_at: at },
  ])
  const exports = {
    withdraw: async () => [
      { export_id: away, replaced_by: null, outcome: 'missing' as const, rows: 1, erasures: [] },
      { export_id: theirs, replaced_by: null, outcome: 'missing' as const, rows: 1, erasures: [] },
    ],
  }
  const parts = { db: api.db, master: api.master, log, exports, logger: createLogger('test', { level: 'silent' }) }
  const erasures = createErasures(parts)
  const asked = { project_id: 'default', subject_kind: 'user' as const, subject: 'eve', reason: '' }
  const { id } = await erasures.request(asked)
  await erasures.advance()
  const receipt = (await (await api.request(`/v1/erasures/${id}`)).json()) as { limits: string[] }
  expect(receipt.limits.filter((limit) => limit.startsWith('Export '))).toEqual([
    `Export ${away} with 1 rows of the subject is not in the export folder: delete it where it is, and its copies: it was given to s3://lake/away/, s3://locked/away/`,
  ])
  expect(receipt.limits).toContain('3 objects stand')
})
