import { randomBytes } from 'node:crypto'
import { createUuidv7 } from '@flywheel/schema'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHarness, type Harness } from './support.js'

const nextId = createUuidv7(Date.now, randomBytes)
const DAY_MS = 24 * 3600 * 1000
let harness: Harness
beforeAll(async () => {
  harness = await createHarness()
})
afterAll(() => harness.close())

it('lists feedback without an interaction a day after its receipt', async () => {
  const row = (age: number) => ({
    id: nextId(),
    kind: 'copy',
    target_kind: 'response',
    target: 'resp_unknown',
    received_at: new Date(Date.now() - age).toISOString(),
  })
  const [old, young] = [row(DAY_MS + 60_000), row(DAY_MS - 60_000)]
  await harness.seed('feedback', [old, young])
  const response = await harness.request('/v1/feedback/orphaned')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ count: 1, items: [{ id: old.id, target: 'resp_unknown' }] })
})
