import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Database,
  type DeadLetterRow,
  insertDeadLetters,
  insertErasure,
  listDeadLetters,
  markReplayed,
  readDeadLetters,
} from '../src/index.js'
import { freshStore, interaction, NEVER, ndjson, uuid } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

const START = Date.parse('2026-03-01T00:00:00.000Z')
const at = (ms: number) => new Date(START + ms).toISOString()

const letter = (project_id: string, position: number, over: Partial<DeadLetterRow> = {}): DeadLetterRow => ({
  project_id,
  log_id: 'log',
  partition: 0,
  position,
  line: 0,
  type: 'interaction',
  event_id: uuid(),
  code: 'unknown_element_of_enum',
  message: 'm',
  body: '{"a":"é\\n"}',
  received_at: at(position),
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
const id = ({ log_id, partition, position, line }: DeadLetterRow) => `${log_id}/${partition}:${position}/${line}`
const ids = async (project: string, filter = {}) =>
  (await listDeadLetters(db, project, filter)).items.map((row) => row.id)

test('a letter is listed without its bytes and read with them', async () => {
  const one = letter('read', 7, { user_hmac: 'aa', replays: 2 })
  await insertDeadLetters(db, [one])
  const { items } = await listDeadLetters(db, 'read')
  expect(items).toEqual([expect.objectContaining({ id: 'log/0:7/0', state: 'open', body_bytes: 12, replays: 2 })])
  expect(items[0]).not.toHaveProperty('body')
  expect(await readDeadLetters(db, 'read', ['log/0:7/0'])).toMatchObject([
    { body: '{"a":"é\\n"}', user_hmac: 'aa', trust: 'server', code: 'unknown_element_of_enum' },
  ])
  expect(await readDeadLetters(db, 'another project', ['log/0:7/0'])).toEqual([])
})

test('one that was replayed stays replayed when the sink repeats itself, and keeps its bytes', async () => {
  const one = letter('marked', 1)
  await insertDeadLetters(db, [one], 'm1')
  await markReplayed(db, 'marked', [id(one)])
  await insertDeadLetters(db, [one], 'm2')
  expect(await ids('marked', { state: 'open' })).toEqual([])
  expect(await ids('marked', { state: 'replayed' })).toEqual([id(one)])
  expect(await readDeadLetters(db, 'marked', [id(one)])).toMatchObject([{ body: one.body, replays: 0 }])
})

test('one whose event is stored says so, whatever was done with it', async () => {
  const stored = interaction({ project_id: 'stored' })
  const [open, elsewhere] = [letter('stored', 1, { event_id: String(stored['id']) }), letter('stored', 2)]
  // The same id as an event of another type is another event.
  const link = letter('stored', 3, { type: 'link', event_id: String(stored['id']) })
  await insertDeadLetters(db, [open, elsewhere, link])
  await db.insert('interactions', ndjson(stored))
  expect(await ids('stored', { state: 'stored' })).toEqual([id(open)])
  expect(await ids('stored', { state: 'open' })).toEqual([id(link), id(elsewhere)])
})

test('filters hold together, and pages give every letter once', async () => {
  const rows = Array.from({ length: 25 }, (_, k) =>
    // Pairs of one time: the id decides.
    letter('pages', k, { received_at: at(k >> 1), code: k % 2 ? 'odd' : 'even' }),
  )
  await insertDeadLetters(db, rows)
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await listDeadLetters(db, 'pages', {}, { limit: 4, cursor })
    seen.push(...page.items.map((row) => row.id))
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
  expect(seen.length).toBe(25)
  expect(new Set(seen)).toEqual(new Set(rows.map(id)))
  expect((await ids('pages', { code: 'odd', since: at(2), until: at(4) })).sort()).toEqual(['log/0:5/0', 'log/0:7/0'])
  await expect(listDeadLetters(db, 'pages', { code: 'odd' }, { cursor: cursor ?? 'eyJ' })).rejects.toMatchObject({
    code: 'invalid_cursor',
  })
})

test('an erasure hides letters by the event and by each subject of the line', async () => {
  const subjects = { user: 'a1'.repeat(16), author: 'b2'.repeat(16), session: 'c3'.repeat(16) }
  const named = letter('erased', 9)
  const rows = [
    letter('erased', 1, { user_hmac: subjects.user }),
    letter('erased', 2, { author_hmac: subjects.user }),
    letter('erased', 3, { session_hmac: subjects.session }),
    letter('erased', 4, { author_hmac: subjects.author }),
    named,
  ]
  await insertDeadLetters(db, rows)
  const erase = (subject_kind: 'user' | 'session' | 'project', subject_hmac: string, event_ids: string[] = []) =>
    insertErasure(db, { project_id: 'erased', id: uuid(), subject_kind, subject_hmac, event_ids, created_at: at(99) })
  await erase('user', subjects.user, [named.event_id])
  expect(await ids('erased')).toEqual(['log/0:4/0', 'log/0:3/0'])
  await erase('session', subjects.session)
  expect(await ids('erased')).toEqual(['log/0:4/0'])
  expect(await readDeadLetters(db, 'erased', rows.map(id))).toMatchObject([{ position: 4 }])
  await erase('project', 'project')
  expect(await ids('erased')).toEqual([])
})

test('bytes past their limit are not shown', async () => {
  const past = letter('expired', 1, { body_until: '2021-01-01T00:00:00.000Z' })
  await insertDeadLetters(db, [past])
  expect((await listDeadLetters(db, 'expired')).items).toMatchObject([{ body_bytes: 0 }])
  expect(await readDeadLetters(db, 'expired', [id(past)])).toMatchObject([{ body: '' }])
})
