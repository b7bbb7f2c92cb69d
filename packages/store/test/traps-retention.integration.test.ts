import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, getInteraction, readConsents, readInteractionBodies } from '../src/index.js'
import { feedback, freshStore, interaction, ndjson, server, uuid } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

const PAST = '2021-01-01T00:00:00.000Z'
const bodies = {
  messages: [{ role: 'user', parts: [{ type: 'text', content: 'a question' }] }],
  outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'an answer' }] }],
}

test('a limit of 0 deletes live rows, and ours refuse it', async () => {
  // The trap, in a table without the constraint: "0 days" is no absence of a limit. (This engine spares a limit that is
  // exactly the epoch, and not one of a second later.)
  await db.command(
    `CREATE TABLE zero_limit (id UUID, t DateTime('UTC') DEFAULT now(), days UInt32) ENGINE = MergeTree ORDER BY id
     TTL t + toIntervalDay(days)`,
  )
  await db.insert('zero_limit', ndjson({ id: uuid(), days: 0 }, { id: uuid(), days: 30 }))
  await db.command('OPTIMIZE TABLE zero_limit FINAL')
  expect(await db.query('SELECT days FROM zero_limit')).toEqual([{ days: 30 }])

  for (const limit of [0, '1970-01-01T00:00:00.000Z', '2200-01-01T00:00:00.000Z']) {
    for (const name of ['body_until', 'row_until']) {
      const row = interaction({ [name]: limit })
      await expect(db.insert('interactions', ndjson(row)), `${name} ${limit}`).rejects.toMatchObject({
        code: 'insert_rejected',
      })
    }
  }
  const { row_until, ...absent } = interaction()
  await expect(db.insert('interactions', ndjson(absent))).rejects.toMatchObject({ code: 'insert_rejected' })
})

test('rows past row_until leave the table at a merge and every read at once', async () => {
  const id = uuid()
  const live = uuid()
  await db.command('SYSTEM STOP MERGES interactions')
  await db.insert('interactions', ndjson(interaction({ id, row_until: PAST }), interaction({ id: live })))
  expect(await db.query('SELECT id FROM interactions WHERE id = {id:UUID}', { id })).toEqual([{ id }])
  expect(await getInteraction(db, 'p', id)).toBeNull()
  await db.command('SYSTEM START MERGES interactions')
  await db.command('OPTIMIZE TABLE interactions FINAL')
  const left = await db.query('SELECT id FROM interactions WHERE id IN ({id:UUID}, {live:UUID})', { id, live })
  expect(left).toEqual([{ id: live }])
})

test('bodies and previews past body_until read as empty at once and are gone after a merge; the row stays', async () => {
  const id = uuid()
  const spoken = uuid()
  await db.command('SYSTEM STOP MERGES interactions')
  await db.insert('interactions', ndjson(interaction({ id, body_until: PAST, ...bodies })))
  await db.insert(
    'feedback',
    ndjson(
      feedback({
        id: spoken,
        body_until: PAST,
        kind: 'correction',
        target_kind: 'ref',
        target: 'r',
        kept: 'mine',
        shown: 'x',
      }),
    ),
  )
  const read = async () => ({ ...(await getInteraction(db, 'p', id)) })
  const before = await read()
  expect(before).toMatchObject({ messages: '', outputs: '', prompt_preview: '', output_preview: '', has_text: true })
  for await (const row of readInteractionBodies(db, 'p', [id])) expect(row.outputs).toBe('')
  expect(await db.query("SELECT outputs = '' AS gone FROM interactions WHERE id = {id:UUID}", { id })).toEqual([
    { gone: 0 },
  ])
  await db.command('SYSTEM START MERGES interactions')

  await db.command('OPTIMIZE TABLE interactions FINAL')
  await db.command('OPTIMIZE TABLE feedback FINAL')
  expect(
    await db.query(
      'SELECT messages, outputs, prompt_preview, output_preview, has_text FROM interactions WHERE id = {id:UUID}',
      { id },
    ),
  ).toEqual([{ messages: '', outputs: '', prompt_preview: '', output_preview: '', has_text: true }])
  expect(await db.query('SELECT kept, shown, kept_preview FROM feedback WHERE id = {id:UUID}', { id: spoken })).toEqual(
    [{ kept: '', shown: '', kept_preview: '' }],
  )
  expect(await read()).toEqual(before)
})

test('an update of a body changes neither its hash nor has_text', async () => {
  const id = uuid()
  await db.insert('interactions', ndjson(interaction({ id, ...bodies })))
  const read = () =>
    db.query<{ prompt_hash: string }>('SELECT prompt_hash, has_text FROM interactions WHERE id = {id:UUID}', { id })
  const before = await read()
  expect(before).toMatchObject([{ has_text: true }])
  expect(before[0]!.prompt_hash).toMatch(/^[0-9a-f]{32}$/)
  // The trap: what is MATERIALIZED is computed again.
  await db.command('ALTER TABLE interactions ADD COLUMN trap String MATERIALIZED hex(sipHash128(outputs))')
  await db.command('ALTER TABLE interactions MATERIALIZE COLUMN trap SETTINGS mutations_sync = 2')
  const trap = () => db.query('SELECT trap FROM interactions WHERE id = {id:UUID}', { id })
  const trapBefore = await trap()
  await db.command(
    "ALTER TABLE interactions UPDATE outputs = '', messages = '' WHERE id = {id:UUID} SETTINGS mutations_sync = 2",
    { id },
  )
  expect(await db.query('SELECT outputs FROM interactions WHERE id = {id:UUID}', { id })).toEqual([{ outputs: '' }])
  expect(await read()).toEqual(before)
  expect(await trap()).not.toEqual(trapBefore)
  await db.command('ALTER TABLE interactions DROP COLUMN trap')
})

test('a withdrawal past its row_until is read all the same, before and after a merge', async () => {
  const id = uuid()
  const over = { id, subject_kind: 'user', subject: 'u', purpose: 'train', label: 'withdrawn', row_until: PAST }
  await db.insert('consents', ndjson({ ...server({ project_id: 'withdrawn' }), schema_version: 1, ...over }))
  const read = () => readConsents(db, 'withdrawn', new Date().toISOString())
  expect(await read()).toMatchObject([{ id, label: 'withdrawn' }])
  await db.command('OPTIMIZE TABLE consents FINAL')
  expect(await read()).toMatchObject([{ id, label: 'withdrawn' }])
})

test('has_text is what the client said, else what the outputs hold', async () => {
  const part = (type: string, content: string) => [{ role: 'assistant', parts: [{ type, content }] }]
  const cases: [Record<string, unknown>, boolean][] = [
    [{ outputs: part('text', 'x') }, true],
    [{ outputs: part('text', '') }, false],
    [{ outputs: part('reasoning', 'x') }, false],
    [{ outputs: [{ role: 'assistant', parts: [{ type: 'tool_call', id: '1', name: 'n', arguments: '{}' }] }] }, false],
    [{}, false],
    [{ outputs: part('text', 'x'), has_text: false }, false],
    [{ has_text: true }, true],
  ]
  // One block holds rows with and without the field.
  const ids = cases.map(() => uuid())
  await db.insert('interactions', ndjson(...cases.map(([over], index) => interaction({ id: ids[index], ...over }))))
  for (const [index, [, expected]] of cases.entries()) {
    expect((await getInteraction(db, 'p', ids[index]!))!.has_text, JSON.stringify(cases[index])).toBe(expected)
  }
})
