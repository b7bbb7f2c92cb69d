import { randomBytes } from 'node:crypto'
import { createLogger } from '@flywheel/runtime'
import { createUuidv7 } from '@flywheel/schema'
import { getErasure } from '@flywheel/store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createErasures, type ErasuresOptions } from '../src/index.js'
import { createHarness, type Harness } from './support.js'

const DAY = 24 * 3_600_000
const nextId = createUuidv7(Date.now, randomBytes)

let api: Harness
beforeAll(async () => {
  api = await createHarness()
  // By default the engine keeps the files that it has replaced for eight minutes.
  const soon = 'old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 1'
  for (const table of ['interactions', 'feedback', 'export_items']) {
    await api.db.command(`ALTER TABLE ${table} MODIFY SETTING ${soon}, cleanup_delay_period_random_add = 0`)
    // The thread that cleans up has its next turn by the old setting, unless it begins anew.
    await api.db.command(`DETACH TABLE ${table}`)
    await api.db.command(`ATTACH TABLE ${table}`)
  }
})
afterAll(() => api.close())

/** A log as Kafka's: only its retention empties it. */
function kafkaLike() {
  const at = { committed: 5, end: 5 }
  const log = {
    log_id: 'log-of-the-test',
    append: () => Promise.reject(new Error('nothing is appended')),
    progress: async () => [{ partition: 0, ...at }],
    backlog: () => Promise.reject(new Error('nobody asks')),
    waitingLines: () => Promise.reject(new Error('nobody asks')),
    watermark: () => Promise.reject(new Error('nobody asks')),
    retention_ms: DAY,
  }
  return { at, log }
}

test('it is final only after a second sweep at the horizon of the log, which finds what came meanwhile', async () => {
  const { at, log } = kafkaLike()
  let ahead_ms = 0
  const now = () => Date.now() + ahead_ms
  const options: ErasuresOptions = {
    db: api.db,
    master: api.master,
    log,
    exports: {},
    logger: createLogger('test', { level: 'silent' }),
    now,
  }
  const erasures = createErasures(options)
  const stored = async () =>
    (await api.db.query<{ id: string }>('SELECT toString(id) AS id FROM interactions ORDER BY id')).map(({ id }) => id)
  const inFlight = { id: nextId(), user_id: 'ada', schema_version: 1 }
  const [mine, others] = [
    { id: nextId(), user_id: 'ada', schema_version: 1 },
    { id: nextId(), user_id: 'bob', schema_version: 1 },
  ]
  await api.seed('interactions', [mine, others])

  // A record that the log had is not stored yet.
  at.end = 6
  const asked = { project_id: 'default', subject_kind: 'user' as const, subject: 'ada', reason: '' }
  const { id } = await erasures.request(asked)
  const row = async () => (await getErasure(api.db, 'default', id))!
  expect((await row()).event_ids).toEqual([mine.id])
  expect(await erasures.advance()).toBe(1)
  expect(await stored()).toEqual([mine.id, others.id])
  expect(await erasures.waitsFor(await row())).toBe('1 records that the log had before it')
  expect((await erasures.request(asked)).id).toBe(id)

  // It came in a batch that did not know the tombstone.
  await api.seed('interactions', [inFlight])
  at.committed = 6
  await expect.poll(() => erasures.advance(), { timeout: 20_000 }).toBe(0)
  expect(await stored()).toEqual([others.id])
  const rewritten = await row()
  expect(rewritten).toMatchObject({ state: 'rewritten', counts: { interactions: 2 } })
  // Retention and a week in which Kafka closes a segment.
  expect(Date.parse(rewritten.horizon_at) - Date.parse(rewritten.created_at)).toBe(8 * DAY)

  const late = {
    id: nextId(),
    schema_version: 1,
    kind: 'comment',
    target_kind: 'interaction',
    target: mine.id,
    author_id: 'reviewer',
  }
  await api.seed('feedback', [late])
  expect(await erasures.advance()).toBe(0)
  expect((await row()).state).toBe('rewritten')
  ahead_ms = 8 * DAY + 60_000
  const stateAfterATurn = async () => {
    await erasures.advance()
    return (await row()).state
  }
  await expect.poll(stateAfterATurn, { timeout: 20_000 }).toBe('final')
  expect((await row()).event_ids).toContain(late.id)
  expect(await api.db.query('SELECT id FROM feedback')).toEqual([])
  expect(await erasures.waitsFor(await row())).toBeNull()
})

test("two servers that carry one erasure on take none of each other's findings back", async () => {
  const { at, log } = kafkaLike()
  let [asks, goOn] = [() => {}, () => {}]
  const [hasAsked, mayGoOn] = [new Promise<void>((done) => (asks = done)), new Promise<void>((done) => (goOn = done))]
  const slow = {
    ...log,
    progress: async () => {
      asks()
      await mayGoOn
      return log.progress()
    },
  }
  const parts = { db: api.db, master: api.master, exports: {}, logger: createLogger('test', { level: 'silent' }) }
  const [one, other] = [createErasures({ ...parts, log }), createErasures({ ...parts, log: slow })]
  const inFlight = { id: nextId(), user_id: 'eve', schema_version: 1 }
  at.end = 6
  const { id } = await one.request({ project_id: 'default', subject_kind: 'user', subject: 'eve', reason: '' })
  const turn = other.advance()
  await hasAsked
  // The other has read the tombstone; only the one finds this, and deletes it.
  await api.seed('interactions', [inFlight])
  at.committed = 6
  await one.advance()
  expect(await api.db.query('SELECT id FROM interactions WHERE id = {id:UUID}', inFlight)).toEqual([])
  goOn()
  await turn
  const row = (await getErasure(api.db, 'default', id))!
  expect(row.event_ids).toEqual([inFlight.id])
  expect(row.counts).toMatchObject({ interactions: 1 })
})

test('asks the exporter also where a run is all that is known of it: it may have left a folder that no list names', async () => {
  const user = { id: nextId(), user_id: 'uma', schema_version: 1 }
  await api.seed('interactions', [user])
  const asked: string[] = []
  const withdraw = async (project: string) => {
    asked.push(project)
    return []
  }
  const parts = { db: api.db, master: api.master, log: kafkaLike().log, exports: { withdraw } }
  const erasures = createErasures({ ...parts, logger: createLogger('test', { level: 'silent' }) })
  const erase = (subject: string) =>
    erasures.request({ project_id: 'default', subject_kind: 'user', subject, reason: '' })
  await erase('uma')
  await erasures.advance()
  expect(asked).toEqual([])
  const created_at = new Date().toISOString()
  await api.seed('runs', [{ id: nextId(), recipe_name: 'r', status: 'running', export_id: '', error: '', created_at }])
  await erase('ulf')
  await erasures.advance()
  expect(asked).toEqual(['default'])
})

test('a subject is hidden at once while another erasure waits for an exporter that does not answer', async () => {
  const at = new Date().toISOString()
  const none = { recipe_name: 'r', recipe_hash: '', manifest_sha256: '', path: '', funnel: '', summary: '', parent: '' }
  const id = 'b'.repeat(64)
  await api.seed('exports', [{ id, watermark: at, created_at: at, pairs: 0, unpaired: 0, supervised: 0, ...none }])
  const users = ['zoe', 'kim'].map((user_id) => ({ id: nextId(), user_id, schema_version: 1 }))
  await api.seed('interactions', users)
  let [isAsked, answer] = [() => {}, () => {}]
  const asked = new Promise<void>((done) => {
    isAsked = done
  })
  const answered = new Promise<void>((done) => {
    answer = done
  })
  const erasures = createErasures({
    db: api.db,
    master: api.master,
    log: kafkaLike().log,
    exports: {
      withdraw: async () => {
        isAsked()
        await answered
        return []
      },
    },
    logger: createLogger('test', { level: 'silent' }),
  })
  const erase = (subject: string) =>
    erasures.request({ project_id: 'default', subject_kind: 'user', subject, reason: '' })
  const { id: first } = await erase('zoe')
  const turn = erasures.advance()
  await asked

  expect((await erase('kim')).event_ids).toEqual([users[1]!.id])
  const listed = (await (await api.request('/v1/interactions?user_id=kim')).json()) as { items: object[] }
  expect(listed.items).toEqual([])
  expect((await erase('zoe')).id).toBe(first)
  // Turns do not pile up behind it either.
  expect(erasures.advance()).toBe(erasures.advance())
  answer()
  await turn
  await erasures.stop()
}, 20_000)

test('notes whom an export was given to, in its own project alone', async () => {
  const id = 'a'.repeat(64)
  expect((await api.request(`/v1/exports/${id}/recipients`, { body: { recipient: 'x' } })).status).toBe(404)
  const at = new Date().toISOString()
  const none = { recipe_name: 'r', recipe_hash: '', manifest_sha256: '', path: '', funnel: '', summary: '', parent: '' }
  await api.seed('exports', [{ id, watermark: at, created_at: at, pairs: 0, unpaired: 0, supervised: 0, ...none }])
  await api.request(`/v1/exports/${id}/recipients`, { body: { recipient: 'lab', note: 'bucket 3' } })
  const listed = (await (await api.request(`/v1/exports/${id}/recipients`)).json()) as { items: object[] }
  expect(listed.items).toEqual([expect.objectContaining({ recipient: 'lab', note: 'bucket 3' })])
  // By how its id begins too, as every route of one export takes it.
  expect(await (await api.request(`/v1/exports/${id.slice(0, 4)}/recipients`)).json()).toEqual(listed)
  const reader = await api.keyWith(['read'])
  expect((await api.request(`/v1/exports/${id}/recipients`, { key: reader, body: { recipient: 'y' } })).status).toBe(
    403,
  )
})
