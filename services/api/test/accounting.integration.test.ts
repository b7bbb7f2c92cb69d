import { randomBytes } from 'node:crypto'
import { issueApiKey } from '@flywheel/control'
import { seal } from '@flywheel/keys'
import type { LogRecord } from '@flywheel/schema'
import { insertProject, loadProjects } from '@flywheel/store'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { projectAccounting } from '../src/project-accounting.js'
import { createHarness, type Harness } from './support.js'

let harness: Harness
let otherKey: string
beforeAll(async () => {
  harness = await createHarness()
  const { db, master, keys } = harness
  const [first] = await loadProjects(db)
  await insertProject(db, { ...first!, id: 'other', name: 'Other', row_key_sealed: seal(master, randomBytes(32)) })
  const asked = { project_id: 'other', kind: 'sk' as const, name: 'test', scopes: ['read' as const] }
  otherKey = (await issueApiKey(db, master, asked)).key
  await keys.refresh()
})
afterAll(() => harness.close())

function recordOf(project_id: string, lines: number): LogRecord {
  const line = { type: 'interaction' as const, id: '0190a5d0-0000-7000-8000-000000000000', trust: 'server' as const }
  return {
    header: {
      format: 1,
      project_id,
      key_id: 'key',
      request_id: 'request',
      received_at: new Date().toISOString(),
      body_until: '2100-01-01T00:00:00.000Z',
      row_until: '2100-01-01T00:00:00.000Z',
      encoding: 'identity',
      inflated_bytes: 0,
      lines: Array.from({ length: lines }, () => line),
      skip: [],
      rejected: 0,
    },
    body: new Uint8Array(),
  }
}

const sumsOf = async (key: string): Promise<Record<string, unknown>> =>
  (await (await harness.request('/v1/accounting', { key })).json()) as Record<string, unknown>

it('tells each of several projects how many of its lines wait in the log', async () => {
  const { log, secret } = harness
  await log.append(recordOf('default', 3))
  await log.append(recordOf('other', 2))
  await log.append(recordOf('other', 5))
  const waiting = { in_log_unknown: null, in_log_records: 3, balanced: true }
  expect(await sumsOf(secret)).toMatchObject({ ...waiting, in_log: 3, accepted: 3 })
  expect(await sumsOf(otherKey)).toMatchObject({ ...waiting, in_log: 7, accepted: 7 })
})

it('counts what it can while a partition of the log cannot be read, and says which', async () => {
  const reason = 'Kafka: partition 1 of t has no leader, so nobody can tell what waits there.'
  const port = {
    log_id: 'kafka',
    backlog: () => Promise.reject(new Error(reason)),
    waitingLines: async () => ({
      partitions: [
        { partition: 0, committed: 0, end: 4 },
        { partition: 1, committed: 0, end: null },
      ],
      lines: new Map([['default', 4]]),
      incomplete: reason,
    }),
  }
  const unknown = { in_log: null, in_log_unknown: reason, in_log_records: null, accepted: 0, balanced: true }
  for (const projects of [1, 2]) {
    expect(await (await projectAccounting(harness.db, port, projects))('default')).toMatchObject(unknown)
  }
})

it('counts what it can while the records of the log cannot be read, of one project too', async () => {
  const reason = 'Kafka: the records of t could not be read in 2 s.'
  const port = {
    log_id: 'kafka',
    backlog: () => Promise.reject(new Error('log_unavailable')),
    waitingLines: async () => ({
      partitions: [{ partition: 0, committed: 0, end: 4 }],
      lines: new Map<string, number>(),
      incomplete: reason,
    }),
  }
  const sums = await (await projectAccounting(harness.db, port, 1))('default')
  expect(sums).toMatchObject({ in_log: null, in_log_unknown: reason, in_log_records: 4, accepted: 0, balanced: true })
})

it('takes the whole backlog for that of the only project where more waits than is read', async () => {
  const port = {
    log_id: 'kafka',
    backlog: async () => ({ records: 9, lines: 90, bytes: 900, oldest_ms: 1 }),
    waitingLines: async () => ({
      partitions: [{ partition: 0, committed: 0, end: 9 }],
      lines: new Map([['default', 4]]),
      incomplete: '5 records that wait in the log were not counted',
    }),
  }
  const sums = await (await projectAccounting(harness.db, port, 1))('default')
  expect(sums).toMatchObject({ in_log: 90, in_log_unknown: null, in_log_records: 9 })
  const shared = await (await projectAccounting(harness.db, port, 2))('default')
  expect(shared).toMatchObject({
    in_log: null,
    in_log_unknown: expect.stringContaining('5 records'),
    in_log_records: 9,
  })
})
