import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  countErased,
  type Database,
  deleteErased,
  type ErasureStateRow,
  getErasure,
  insertRows,
  keyedHash,
  listInteractions,
  openErasures,
  replacedParts,
  sweepErasure,
  writeErasure,
} from '../src/index.js'
import { feedback, freshStore, interaction, link, ndjson, server, uuid } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

const KEY = { k0: '17', k1: '18446744073709551615' }
const HMAC = 'a'.repeat(32)
const LONG_AGO = '2000-01-01T00:00:00.000Z'

async function tombstone(over: Partial<ErasureStateRow> & { subject: string }): Promise<ErasureStateRow> {
  const { subject, ...rest } = over
  const created_at = new Date().toISOString()
  const row: ErasureStateRow = {
    project_id: 'p',
    id: uuid(),
    subject_kind: 'user',
    subject_hmac: HMAC,
    subject_key: await keyedHash(db, KEY, subject),
    event_ids: [],
    target_keys: [],
    state: 'hidden',
    reason: '',
    log_id: '',
    log_ends: [],
    counts: {},
    deleted_at: LONG_AGO,
    horizon_at: LONG_AGO,
    created_at,
    updated_at: created_at,
    ...rest,
  }
  return writeErasure(db, row, Date.now())
}

const sorted = (rows: Record<string, unknown>[]) => rows.map((row) => row['id'] as string).sort()

test('a sweep finds what the subject said and what anybody said of the answers to them, and nothing else', async () => {
  const turn = uuid()
  const mine = interaction({ user_id: 'ada', turn_id: turn, session_id: 's1', provider_response_id: 'resp_9' })
  const others = interaction({ user_id: 'bob', session_id: 's2' })
  await db.insert('interactions', ndjson(mine, others))
  const links = [link({ target_kind: 'interaction', target: mine['id'], ref: 'mail:7' })]
  const otherLink = link({ target_kind: 'interaction', target: others['id'], ref: 'mail:8' })
  await db.insert('links', ndjson(...links, otherLink))
  const said = (over: Record<string, unknown>) =>
    feedback({ kind: 'comment', target_kind: 'interaction', target: others['id'], author_id: 'bob', ...over })
  const hers = [
    said({ author_id: 'ada' }),
    said({ target: mine['id'], author_id: 'reviewer', author_kind: 'expert' }),
    said({ target_kind: 'turn', target: turn }),
    said({ target_kind: 'response', target: 'resp_9' }),
    said({ target_kind: 'ref', target: 'mail:7' }),
    said({ kind: 'choice', candidates: JSON.stringify([{ id: others['id'] }, { id: mine['id'] }]) }),
  ]
  const kept = [said({}), said({ target_kind: 'ref', target: 'mail:8' })]
  await db.insert('feedback', ndjson(...hers, ...kept))
  const consent = (subject: string) => ({
    ...server(),
    type: 'consent',
    id: uuid(),
    schema_version: 1,
    subject_kind: 'user',
    subject,
    purpose: 'train',
    label: 'granted',
  })
  const consents = [consent('ada'), consent('bob')]
  await db.insert('consents', ndjson(...consents))
  const letter = (position: number, over: object) => ({
    ...server(),
    log_id: 'l',
    partition: 0,
    position,
    line: 0,
    type: 'feedback',
    event_id: uuid(),
    code: 'poison',
    message: '',
    body: '{}',
    ...over,
  })
  const letters = [
    letter(0, { user_hmac: HMAC }),
    letter(1, { author_hmac: HMAC }),
    letter(2, { body: JSON.stringify({ target: mine['id'], kept: 'her text' }) }),
    letter(3, { session_hmac: 'b'.repeat(32) }),
  ]
  await insertRows(db, 'dead_letters', letters)

  const swept = await sweepErasure(db, KEY, await tombstone({ subject: 'ada' }), Date.now)
  const expected = [
    mine['id'],
    ...sorted(links),
    ...sorted(hers),
    consents[0]!.id,
    ...letters.slice(0, 3).map(({ event_id }) => event_id),
  ]
  expect(swept.event_ids).toEqual(expected.sort())
  // No name, no id of the host's and no id of the provider's stands in a tombstone. Its own ids and hashes are left out:
  // three digits of them spell a name now and then.
  const told = JSON.stringify(await getErasure(db, 'p', swept.id)).replace(/[0-9a-f-]{32,}/g, '')
  expect(told).toContain('"event_ids":["",')
  expect(told).not.toMatch(/ada|mail:|resp_/)
  expect((await listInteractions(db, 'p', {})).items.map(({ id }) => id)).toEqual([others['id']])

  expect(await countErased(db, swept)).toEqual({
    interactions: 1,
    feedback: 6,
    links: 1,
    consents: 1,
    dead_letters: 3,
  })
  await deleteErased(db, swept)
  expect(Object.values(await countErased(db, swept))).toEqual([0, 0, 0, 0, 0])
  const left = async (table: string, id = 'id') =>
    (await db.query<{ id: string }>(`SELECT toString(${id}) AS id FROM ${table} ORDER BY id`)).map((row) => row.id)
  expect(await left('interactions')).toEqual([others['id']])
  expect(await left('feedback')).toEqual(sorted(kept))
  expect(await left('links')).toEqual([otherLink['id']])
  expect(await left('consents')).toEqual([consents[1]!.id])
  expect(await left('dead_letters', 'event_id')).toEqual([letters[3]!.event_id])
  // The engine keeps what it replaced for a while, and says so.
  expect(await replacedParts(db, new Date(Date.now() + 1000).toISOString())).toBeGreaterThan(0)

  // A reviewer's word on an answer that is long gone is found by what it points at.
  const late = [said({ target_kind: 'ref', target: 'mail:7', author_id: 'reviewer' }), said({ target: mine['id'] })]
  await db.insert('feedback', ndjson(...late))
  const again = await sweepErasure(db, KEY, swept, Date.now)
  expect(again.event_ids.filter((id) => !swept.event_ids.includes(id))).toEqual(sorted(late))
})

test('a session leaves alone; its user stays', async () => {
  const [a, b] = [interaction({ user_id: 'eve', session_id: 'x' }), interaction({ user_id: 'eve', session_id: 'y' })]
  await db.insert('interactions', ndjson(a, b))
  const swept = await sweepErasure(db, KEY, await tombstone({ subject: 'x', subject_kind: 'session' }), Date.now)
  expect(swept.event_ids).toEqual([a['id']])
})

test('a final tombstone is open no more, and neither is one of a version without a state', async () => {
  const before = (await openErasures(db)).length
  await tombstone({ subject: 'zoe', state: 'final' })
  await insertRows(db, 'erasures', [
    { project_id: 'p', id: uuid(), subject_kind: 'user', subject_hmac: HMAC, event_ids: [], created_at: LONG_AGO },
  ])
  expect(await openErasures(db)).toHaveLength(before)
})

test('two servers that write one tombstone keep what either found, and carry it on only from where it stands', async () => {
  const seen = await tombstone({ subject: 'kim' })
  const [mine, theirs] = [uuid(), uuid()]
  const write = (from: ErasureStateRow, change: Parameters<typeof writeErasure>[3]) =>
    writeErasure(db, from, Date.now(), change)
  const stored = async () => (await getErasure(db, 'p', seen.id))!
  const deleted_at = new Date().toISOString()
  const ours = await write(seen, { event_ids: [mine], target_keys: ['m'], counts: { interactions: 1 }, deleted_at })
  // The other server has read the tombstone before: it adds its own and takes nothing back.
  await write(seen, { event_ids: [theirs], target_keys: ['t'] })
  expect(await stored()).toMatchObject({ event_ids: [mine, theirs].sort(), target_keys: ['m', 't'], deleted_at })

  await expect(write(seen, { counts: { interactions: 0 } })).rejects.toMatchObject({ code: 'conflict' })
  await expect(write(seen, { state: 'rewritten' })).rejects.toMatchObject({ code: 'conflict' })
  const final = await write(ours, { state: 'final' })
  await expect(write(final, { state: 'rewritten' })).rejects.toMatchObject({ code: 'conflict' })
  expect(await stored()).toMatchObject({ state: 'final' })
  await write(final, { state: 'hidden', deleted_at: LONG_AGO })
  expect(await stored()).toMatchObject({ state: 'hidden', event_ids: [mine, theirs].sort() })
})
