import { FlywheelError } from '@flywheel/schema'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHarness, type Harness } from './support.js'

const unread = new FlywheelError('log_unavailable', 'Kafka: partition 2 of t has no leader')
let watermark = async (): Promise<string> => '2026-01-01T00:00:00.000Z'
let harness: Harness
beforeAll(async () => {
  const log = { watermark: () => watermark(), backlog: () => Promise.reject(unread) }
  harness = await createHarness({ log })
})
afterAll(() => harness.close())

const health = async (): Promise<unknown> => (await harness.request('/v1/health')).json()

it('says what the log can tell while a partition of it cannot be read, and names that once', async () => {
  const errors = [{ part: 'log', at: expect.any(String), code: 'log_unavailable', message: unread.message }]
  const standing = { watermark: '2026-01-01T00:00:00.000Z', lag_ms: expect.any(Number), backlog: null, errors }
  expect(await health()).toMatchObject(standing)
  watermark = () => Promise.reject(unread)
  expect(await health()).toMatchObject({ watermark: null, lag_ms: null, backlog: null, errors })
})

it('takes a failure of the code for no answer of the log', async () => {
  watermark = () => Promise.reject(new TypeError('no function'))
  expect((await harness.request('/v1/health')).status).toBe(500)
})
