import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Database,
  getExport,
  getInteraction,
  insertErasure,
  listExports,
  listInteractions,
  readFeedback,
  readInteractionBodies,
  readInteractionHeads,
  recordExport,
  recordExportItems,
  statistics,
} from '../src/index.js'
import { feedback, feedbackFor, freshStore, interaction, link, NEVER, ndjson, uuid } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

const start = Date.parse('2026-03-01T10:00:00.000Z')
const at = (minutes: number) => start + minutes * 60_000
const iso = (minutes: number) => new Date(at(minutes)).toISOString()

describe('listInteractions', () => {
  const project_id = 'list'
  const rows = Array.from({ length: 25 }, (_, index) =>
    interaction({
      project_id,
      // Several ids share a millisecond, so that the order within it matters.
      id: uuid(at(Math.floor(index / 4))),
      user_id: `u${index % 3}`,
      tags: index % 2 ? ['odd'] : [],
      received_at: iso(60),
      messages: [{ role: 'user', parts: [{ type: 'text', content: `Grüße ${index}` }] }],
      outputs: [{ role: 'assistant', parts: [{ type: 'text', content: `answer ${index} ${'é'.repeat(300)}` }] }],
    }),
  )
  beforeAll(async () => {
    await db.insert('interactions', ndjson(...rows))
    // Repeats in a later part: a page must neither show nor count them.
    await db.insert('interactions', ndjson(...rows.map((row) => ({ ...row, received_at: iso(61) }))))
  })

  async function walk(filter: Parameters<typeof listInteractions>[2], limit: number): Promise<string[]> {
    const ids: string[] = []
    let cursor: string | null | undefined
    do {
      const page = await listInteractions(db, project_id, filter, { cursor: cursor ?? undefined, limit })
      expect(page.items.length).toBeLessThanOrEqual(limit)
      ids.push(...page.items.map((item) => item.id))
      cursor = page.next_cursor
    } while (cursor)
    return ids
  }

  test('pages hold every row once, newest first, whatever the page size', async () => {
    const expected = rows
      .map((row) => String(row['id']))
      .sort()
      .reverse()
    for (const limit of [1, 4, 7, 25, 100]) expect(await walk({}, limit)).toEqual(expected)
  })

  test('filters narrow, and a cursor of other filters is refused', async () => {
    expect(await walk({ user_id: 'u1', tag: 'odd' }, 2)).toHaveLength(
      rows.filter((_, i) => i % 3 === 1 && i % 2).length,
    )
    expect(await walk({ text: 'GRÜSSE 1' }, 50)).toEqual([])
    expect(await walk({ text: 'grüße 12' }, 50)).toHaveLength(1)
    expect(await walk({ since: iso(3), until: iso(4) }, 50)).toHaveLength(4)
    const { next_cursor } = await listInteractions(db, project_id, { user_id: 'u1' }, { limit: 2 })
    await expect(
      listInteractions(db, project_id, { user_id: 'u2' }, { cursor: next_cursor!, limit: 2 }),
    ).rejects.toMatchObject({ code: 'invalid_cursor' })
    // A time that the engine does not read is no cursor of ours, and no fault of the store.
    const [version, hash, , id] = JSON.parse(Buffer.from(next_cursor!, 'base64url').toString()) as string[]
    for (const t of ['+275760-09-13T00:00:00.000Z', '1', "2026-01-01' OR 1=1 --"]) {
      const cursor = Buffer.from(JSON.stringify([version, hash, t, id])).toString('base64url')
      await expect(listInteractions(db, project_id, { user_id: 'u1' }, { cursor, limit: 2 })).rejects.toMatchObject({
        code: 'invalid_cursor',
      })
    }
    // The same filter in another zone and order is the same list.
    const since = { user_id: 'u1', since: iso(0) }
    const again = { since: iso(0).replace('10:00:00.000Z', '12:00:00+02:00'), user_id: 'u1' }
    const first = await listInteractions(db, project_id, since, { limit: 2 })
    const rest = await listInteractions(db, project_id, again, { cursor: first.next_cursor!, limit: 50 })
    expect(first.items.length + rest.items.length).toBe(rows.filter((_, i) => i % 3 === 1).length)
    await expect(listInteractions(db, project_id, {}, { cursor: 'x' })).rejects.toMatchObject({
      code: 'invalid_cursor',
    })
    await expect(listInteractions(db, 'other', { user_id: 'u1' }, { cursor: next_cursor! })).rejects.toMatchObject({
      code: 'invalid_cursor',
    })
  })

  test('a row shows previews of 240 characters and no bodies', async () => {
    const { items } = await listInteractions(db, project_id, { text: 'answer 7 ' })
    expect(items[0]!.prompt_preview).toBe('Grüße 7')
    expect(items[0]!.output_preview).toBe(`answer 7 ${'é'.repeat(231)}`)
    expect(items[0]).not.toHaveProperty('outputs')
    expect(items[0]).toMatchObject({ has_text: true, turn_id: items[0]!.id, usage_input_tokens: null, trust: 'server' })
  })

  test('what is erased or past its limit is in no read', async () => {
    const hidden = String(rows[0]!['id'])
    const expired = interaction({ project_id, row_until: '2021-01-01T00:00:00Z' })
    // A merge would take the expired row away; reads must not depend on one.
    await db.command('SYSTEM STOP MERGES interactions')
    await db.insert('interactions', ndjson(expired))
    const [there] = await db.query('SELECT count() AS rows FROM interactions WHERE id = {id:UUID}', {
      id: expired['id'],
    })
    expect(there).toEqual({ rows: 1 })
    await insertErasure(db, {
      project_id,
      id: uuid(),
      subject_kind: 'user',
      subject_hmac: '0'.repeat(32),
      event_ids: [hidden],
      created_at: iso(99),
    })
    expect(await walk({}, 10)).toHaveLength(24)
    expect(await getInteraction(db, project_id, hidden)).toBeNull()
    expect(await getInteraction(db, project_id, String(expired['id']))).toBeNull()
    expect(await getInteraction(db, 'other', String(rows[1]!['id']))).toBeNull()
    expect(await getInteraction(db, project_id, "x' OR 1")).toBeNull()
    expect(await readInteractionHeads(db, project_id, NEVER)).toHaveLength(24)
    await db.command('SYSTEM START MERGES interactions')
  })
})

describe('targets resolve as the contract says', () => {
  const project_id = 'resolve'
  const turn_id = uuid(at(0))
  const text = { outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'x' }] }] }
  const base = { project_id, received_at: iso(500) }
  const first = interaction({ ...base, id: uuid(at(1)), turn_id, provider_response_id: 'resp', ...text })
  const second = interaction({ ...base, id: uuid(at(2)), turn_id, ...text })
  const tool = interaction({ ...base, id: uuid(at(3)), turn_id, provider_response_id: 'resp' })
  const ids = { first: String(first['id']), second: String(second['id']), tool: String(tool['id']) }
  const opinion = (target_kind: string, target: string, minute: number, over = {}) =>
    feedback({
      ...base,
      id: uuid(at(minute)),
      kind: 'thumb',
      label: 'up',
      target_kind,
      target,
      occurred_at: iso(minute),
      ...over,
    })

  test('interaction, turn, response and ref', async () => {
    const cases = {
      direct: opinion('interaction', ids.first, 4),
      turn: opinion('turn', turn_id, 4),
      response_before: opinion('response', 'resp', 0),
      response_between: opinion('response', 'resp', 2),
      response_after: opinion('response', 'resp', 9),
      ref_before: opinion('ref', 'r', 5),
      ref_between: opinion('ref', 'r', 15),
      ref_after: opinion('ref', 'r', 25),
      future_clock: opinion('ref', 'r', 25, { received_at: iso(15) }),
      orphan: opinion('ref', 'unknown', 4),
    }
    await db.insert('interactions', ndjson(first, second, tool))
    await db.insert('feedback', ndjson(...Object.values(cases)))
    await db.insert(
      'links',
      ndjson(
        link({ ...base, target_kind: 'interaction', target: ids.first, ref: 'r', occurred_at: iso(10) }),
        link({ ...base, target_kind: 'turn', target: turn_id, ref: 'r', occurred_at: iso(20) }),
      ),
    )
    const found = async (id: string) =>
      (await feedbackFor(db, project_id, id))
        .map((row) => Object.keys(cases).find((name) => cases[name as 'turn']['id'] === row.id))
        .sort()
    expect(await found(ids.first)).toEqual([
      'direct',
      'future_clock',
      'ref_before',
      'ref_between',
      'response_before',
      'response_between',
    ])
    expect(await found(ids.second)).toEqual(['ref_after', 'turn'])
    expect(await found(ids.tool)).toEqual(['response_after'])
  })

  test('a turn follows its latest shown, and a signed one over a public one', async () => {
    const shown = (id: string, minute: number, trust: string) =>
      feedback({
        ...base,
        id: uuid(at(minute)),
        kind: 'shown',
        target_kind: 'turn',
        target: turn_id,
        trust,
        candidates: [{ id, choice: 0 }],
      })
    await db.insert('feedback', ndjson(shown(ids.first, 30, 'server'), shown(ids.tool, 31, 'public')))
    const kinds = (await feedbackFor(db, project_id, ids.first)).map((row) => row.target_kind)
    expect(kinds.filter((kind) => kind === 'turn')).toHaveLength(3)
    expect((await feedbackFor(db, project_id, ids.second)).map((row) => row.target_kind)).toEqual([])
  })

  test('lists and statistics count feedback with what it resolves to', async () => {
    const thumbed = await listInteractions(db, project_id, { feedback_kind: 'thumb' })
    expect(thumbed.items.map((item) => item.id).sort()).toEqual([ids.first, ids.tool].sort())
    const without = await listInteractions(db, project_id, { has_feedback: false })
    expect(without.items.map((item) => item.id)).toEqual([ids.second])
    const [row] = await statistics(db, project_id, { since: iso(0), until: iso(600), group_by: 'day' })
    expect(row).toMatchObject({ group: '2026-03-01', interactions: 3, feedback: { thumb: 9, shown: 2 }, corrected: 0 })
    await expect(statistics(db, project_id, { group_by: 'x' as 'day' })).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })
})

test('a snapshot ends at its watermark and has one order', async () => {
  const project_id = 'snapshot'
  const rows = [3, 1, 2].map((minute) =>
    interaction({ project_id, id: uuid(at(minute)), received_at: iso(minute), outputs: [{ n: minute }] }),
  )
  await db.insert('interactions', ndjson(...rows))
  await db.insert(
    'feedback',
    ndjson(feedback({ project_id, kind: 'copy', target_kind: 'ref', target: 'r', received_at: iso(1) })),
  )
  const heads = await readInteractionHeads(db, project_id, iso(2))
  expect(heads.map((head) => head.id)).toEqual([rows[1]!['id'], rows[2]!['id']])
  const bodies = []
  for await (const body of readInteractionBodies(
    db,
    project_id,
    rows.map((row) => String(row['id'])),
  ))
    bodies.push(body)
  expect(bodies.map((body) => body.outputs)).toEqual(['[{"n":1}]', '[{"n":2}]', '[{"n":3}]'])
  expect(await readFeedback(db, project_id, iso(0))).toEqual([])
  expect(await readFeedback(db, project_id, iso(1))).toMatchObject([{ kind: 'copy', retracts: null, value: null }])
})

test('exports are recorded once and found again', async () => {
  const row = {
    project_id: 'e',
    id: 'abc',
    parent: '',
    kind: 'full' as const,
    status: 'published' as const,
    watermark: iso(0),
    recipe_name: 'default',
    recipe_hash: 'h',
    manifest_sha256: 'm',
    path: '/x',
    pairs: 1,
    unpaired: 2,
    supervised: 3,
    funnel: '[]',
    summary: '{}',
    created_at: iso(1),
  }
  await recordExport(db, row)
  await recordExport(db, row)
  await recordExportItems(db, [
    {
      project_id: 'e',
      export_id: 'abc',
      config: 'preference',
      split: 'train',
      row_id: 'r',
      strategy: 'edit.final',
      component: 'c',
      event_ids: [uuid()],
    },
  ])
  expect(await listExports(db, 'e')).toMatchObject([row])
  expect(await getExport(db, 'e', 'abc')).toMatchObject(row)
  expect(await getExport(db, 'e', 'none')).toBeNull()
})
