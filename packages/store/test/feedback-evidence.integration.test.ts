import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, feedbackEvidence, getInteraction, type QueryLimits, type QueryParams } from '../src/index.js'
import { feedback, freshStore, interaction, link, ndjson, uuid } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

const start = Date.parse('2026-03-01T00:00:00.000Z')
const project_id = 'large'
const ROWS = 300_000
/** Rows that one statement may read: eleven granules of 8,192, against 300,000 in each table. */
const MOST_ROWS = 90_000

test('the page of one interaction reads its surroundings and not the project, however many rows the store has', async () => {
  const turn_id = uuid(start + 400_000_000)
  const [a, b] = [uuid(start + 400_000_001), uuid(start + 400_000_002)]
  const of = (over: Record<string, unknown>) => interaction({ project_id, turn_id, has_text: true, ...over })
  await db.insert('interactions', ndjson(of({ id: a, provider_response_id: 'resp' }), of({ id: b })))
  const shown = { kind: 'shown', target_kind: 'turn', target: uuid(start), candidates: [{ id: a, choice: 1 }] }
  const thumb = { kind: 'thumb', label: 'up' }
  const said = [
    feedback({ project_id, ...shown }),
    feedback({ project_id, ...thumb, target_kind: 'turn', target: shown.target }),
    feedback({ project_id, ...thumb, target_kind: 'ref', target: 'mail:1' }),
    feedback({ project_id, ...thumb, target_kind: 'response', target: 'resp' }),
    feedback({ project_id, ...thumb, target_kind: 'interaction', target: a }),
  ]
  await db.insert('feedback', ndjson(...said))
  await db.insert('links', ndjson(link({ project_id, target_kind: 'turn', target: turn_id, ref: 'mail:1' })))
  const server = `'server', 'log/0:1', now64(3), '2100-01-01', '2100-01-01'`
  const columns = 'trust, source, received_at, body_until, row_until'
  const hex = `leftPad(lower(hex(toUInt64(${start} + number * 1000))), 12, '0')`
  const tail = "leftPad(toString(number), 12, '0')"
  const id = `toUUID(concat(substring(${hex}, 1, 8), '-', substring(${hex}, 9, 4), '-7000-8000-', ${tail}))`
  await db.command(
    `INSERT INTO interactions (project_id, id, turn_id, provider_response_id, has_text, ${columns})
     SELECT '${project_id}', ${id}, ${id}, concat('r', toString(number)), true, ${server} FROM numbers(${ROWS})`,
  )
  await db.command(
    `INSERT INTO feedback (project_id, id, kind, target_kind, target, candidates, ${columns})
     SELECT '${project_id}', ${id}, 'shown', 'turn', toString(${id}),
       concat('[{"id":"', toString(${id}), '","choice":0}]'), ${server} FROM numbers(${ROWS})`,
  )
  await db.command(
    `INSERT INTO links (project_id, id, target_kind, target, ref, ${columns})
     SELECT '${project_id}', ${id}, 'turn', toString(${id}), concat('ref', toString(number)), ${server} FROM numbers(${ROWS})`,
  )

  const bounded = {
    query: (sql: string, params?: QueryParams, limits?: QueryLimits) =>
      db.query(sql, params, { ...limits, max_rows_to_read: MOST_ROWS }),
  } as Database
  // The limit bites: a statement that looks at the project's feedback fails.
  const scan = `SELECT count() FROM feedback WHERE project_id = {project:String} AND position(candidates, 'x') > 0`
  await expect(bounded.query(scan, { project: project_id })).rejects.toMatchObject({ code: 'query_limit' })

  const row = await getInteraction(bounded, project_id, a)
  const evidence = await feedbackEvidence(bounded, project_id, row!)
  expect(evidence.interactions.map((each) => each.id)).toEqual([a, b])
  expect(evidence.feedback.map((each) => each.id).sort()).toEqual(said.map((each) => each['id']).sort())
  expect(evidence.links.map((each) => each.ref)).toEqual(['mail:1'])
}, 120_000)
