import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, insertErasure, orphanedFeedback } from '../src/index.js'
import { feedback, freshStore, interaction, link, ndjson, uuid } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

const HOUR = 3600 * 1000
const ago = (ms: number) => new Date(Date.now() - ms).toISOString()

test('feedback that points nowhere for a day is listed, newest first, until what it points at comes', async () => {
  const answer = interaction({ provider_response_id: 'resp_1', has_text: true })
  const late = interaction()
  await db.insert('interactions', ndjson(answer))
  await db.insert('links', ndjson(link({ target_kind: 'response', target: 'resp_1', ref: 'mail:1' })))
  const on = (target_kind: string, target: unknown, received_at: string) =>
    feedback({ kind: 'copy', target_kind, target, received_at })
  const resolved = [
    on('interaction', answer['id'], ago(30 * HOUR)),
    on('turn', answer['id'], ago(30 * HOUR)),
    on('response', 'resp_1', ago(30 * HOUR)),
    on('ref', 'mail:1', ago(30 * HOUR)),
  ]
  const orphans = [
    on('interaction', late['id'], ago(25 * HOUR)),
    on('turn', uuid(), ago(26 * HOUR)),
    on('response', 'resp_none', ago(27 * HOUR)),
    on('ref', 'mail:none', ago(28 * HOUR)),
  ]
  const young = on('interaction', uuid(), ago(23 * HOUR))
  await db.insert('feedback', ndjson(...resolved, ...orphans, young))

  const ids = async (request = {}) => (await orphanedFeedback(db, 'p', request)).items.map(({ id }) => id)
  const idsOf = (rows: Record<string, unknown>[]) => rows.map((row) => row['id'])
  expect(await ids()).toEqual(idsOf(orphans))
  expect(await orphanedFeedback(db, 'p', { limit: 1 })).toMatchObject({ count: 4, items: [{ target: late['id'] }] })
  expect(await ids({ now: Date.now() + 2 * HOUR })).toEqual(idsOf([young, ...orphans]))
  expect(await orphanedFeedback(db, 'other')).toEqual({ count: 0, items: [] })

  await db.insert('interactions', ndjson(late))
  expect(await ids()).toEqual(idsOf(orphans.slice(1)))
  await insertErasure(db, {
    project_id: 'p',
    id: uuid(),
    subject_kind: 'user',
    subject_hmac: 'ff',
    event_ids: [String(orphans[1]!['id'])],
    created_at: ago(0),
  })
  expect(await ids()).toEqual(idsOf(orphans.slice(2)))
})
