import { randomBytes } from 'node:crypto'
import { createUuidv7 } from '@flywheel/schema'
import { recordExport, recordExportItems } from '@flywheel/store'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHarness, type Harness } from './support.js'

const nextId = createUuidv7(Date.now, randomBytes)
const ROW = 'a'.repeat(32)
const [call, correction, gone] = [nextId(), nextId(), nextId()]
let harness: Harness

async function publish(id: string, created_at: string, rows: string[]): Promise<void> {
  const [project] = await harness.db.query<{ id: string }>('SELECT id FROM projects FINAL')
  const project_id = project!.id
  await recordExportItems(
    harness.db,
    rows.map((row_id) => ({
      project_id,
      export_id: id,
      config: 'preference',
      split: 'train',
      row_id,
      strategy: 'edit.final',
      component: 'c',
      event_ids: [call, correction, gone],
    })),
  )
  await recordExport(harness.db, {
    project_id,
    id,
    parent: '',
    kind: 'full',
    status: 'published',
    watermark: created_at,
    recipe_name: 'replies',
    recipe_hash: 'h',
    manifest_sha256: 'm',
    path: '/nowhere',
    pairs: rows.length,
    unpaired: 0,
    supervised: 0,
    funnel: '[]',
    summary: '{}',
    created_at,
  })
}

beforeAll(async () => {
  harness = await createHarness()
  const message = (role: string, content: string): object => ({ role, parts: [{ type: 'text', content }] })
  await harness.seed('interactions', [
    {
      id: call,
      user_id: 'u1',
      model_answered: 'stub-1',
      messages: JSON.stringify([message('user', 'When does it arrive?')]),
      outputs: JSON.stringify([message('assistant', 'Soon.')]),
      received_at: new Date().toISOString(),
    },
  ])
  await harness.seed('feedback', [
    {
      id: correction,
      kind: 'correction',
      target_kind: 'interaction',
      target: call,
      stage: 'committed',
      kept: 'On Tuesday.',
      author_id: 'u1',
      author_kind: 'end_user',
      received_at: new Date().toISOString(),
    },
  ])
  await publish('e'.repeat(64), '2026-11-01T00:00:00.000Z', [ROW])
  await publish('f'.repeat(64), '2026-11-02T00:00:00.000Z', [ROW, 'b'.repeat(32)])
})
afterAll(() => harness.close())

it('leads from a row to every export that holds it, its calls, its feedback, and what is gone', async () => {
  const response = await harness.request(`/v1/exports/rows/${ROW}`)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    strategy: 'edit.final',
    exports: [{ export_id: 'f'.repeat(64) }, { export_id: 'e'.repeat(64) }],
    interactions: [{ id: call, user_id: 'u1', output_preview: 'Soon.' }],
    feedback: [{ id: correction, kind: 'correction', stage: 'committed', kept_preview: 'On Tuesday.', state: 'live' }],
    gone: [gone],
  })
})

it('says of an unknown row where row ids stand, and of something else what a row id is', async () => {
  const unknown = await harness.request(`/v1/exports/rows/${'0'.repeat(32)}`)
  expect(unknown.status).toBe(404)
  expect(JSON.stringify(await unknown.json())).toContain('meta/')
  const wrong = await harness.request('/v1/exports/rows/nothing')
  expect(wrong.status).toBe(400)
})

it('says what became of the feedback since', async () => {
  const later = { kind: 'correction', target_kind: 'interaction', target: call, stage: 'committed' }
  const author = { author_id: 'u1', author_kind: 'end_user', received_at: new Date().toISOString() }
  await harness.seed('feedback', [{ id: nextId(), ...later, ...author, kept: 'On Friday.' }])
  const response = await harness.request(`/v1/exports/rows/${ROW}`)
  expect(await response.json()).toMatchObject({ feedback: [{ id: correction, state: 'superseded' }] })
})
