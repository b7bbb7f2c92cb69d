import { randomBytes } from 'node:crypto'
import { createUuidv7 } from '@flywheel/schema'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHarness, type Harness } from './support.js'

const nextId = createUuidv7(Date.now, randomBytes)
const BIG = '{"order":12345678901234567890,"price":1.50}'
let harness: Harness
const ids: string[] = []

interface Page {
  items: { id: string; task: string }[]
  next_cursor: string | null
}

beforeAll(async () => {
  harness = await createHarness()
  for (let at = 0; at < 7; at++) ids.push(nextId())
  await harness.seed(
    'interactions',
    ids.map((id, at) => ({
      id,
      task: at % 2 === 0 ? 'reply' : 'summary',
      user_id: `u${at}`,
      status: 'ok',
      messages: '[{"role":"user","parts":[{"type":"text","content":"Hello"}]}]',
      outputs: `[{"role":"assistant","parts":[{"type":"tool_call","id":"c","name":"refund","arguments":${BIG}}]}]`,
    })),
  )
})
afterAll(() => harness.close())

it('pages through all, newest first, each once', async () => {
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`
    const page = (await (await harness.request(`/v1/interactions?limit=3${query}`)).json()) as Page
    seen.push(...page.items.map((item) => item.id))
    cursor = page.next_cursor
  } while (cursor !== null)
  expect(seen).toEqual([...ids].reverse())
})

it('filters, and refuses the cursor of other filters', async () => {
  const page = (await (await harness.request('/v1/interactions?task=summary&limit=2')).json()) as Page
  expect(page.items.map((item) => item.task)).toEqual(['summary', 'summary'])
  const other = await harness.request(`/v1/interactions?task=reply&limit=2&cursor=${page.next_cursor}`)
  expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([400, 'invalid_cursor'])
})

it('streams a page as NDJSON, CSV and Parquet, with the cursor in a header', async () => {
  const ndjson = await harness.request('/v1/interactions?limit=2', { accept: 'application/x-ndjson' })
  const rows = (await ndjson.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string })
  expect(rows.map((row) => row.id)).toEqual([ids[6], ids[5]])
  expect(ndjson.headers.get('flywheel-next-cursor')).not.toBeNull()
  const csv = await (await harness.request('/v1/interactions?limit=2', { accept: 'text/csv' })).text()
  expect(csv.trim().split('\n')).toHaveLength(3)
  const parquet = await harness.request('/v1/interactions', { accept: 'application/vnd.apache.parquet' })
  expect(
    Buffer.from(await parquet.arrayBuffer())
      .subarray(-4)
      .toString(),
  ).toBe('PAR1')
})

it('gives bodies as they were sent, large integers included', async () => {
  const text = await (await harness.request(`/v1/interactions/${ids[0]}`)).text()
  expect(text).toContain(`"arguments":${BIG}`)
  expect(JSON.parse(text)).toMatchObject({ id: ids[0], system: null, feedback: [] })
})

it('does not know an interaction of nobody', async () => {
  const response = await harness.request(`/v1/interactions/${nextId()}`)
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([404, 'not_found'])
})

it('counts', async () => {
  const { items } = (await (await harness.request('/v1/statistics?group_by=task')).json()) as {
    items: { group: string; interactions: number }[]
  }
  expect(items.map(({ group, interactions }) => [group, interactions])).toEqual([
    ['reply', 4],
    ['summary', 3],
  ])
})

it('declares consent as an event of the log, with server trust', async () => {
  const response = await harness.request('/v1/consent', { body: { purpose: 'train', basis: 'terms, section 4' } })
  expect(response.status).toBe(202)
  const record = harness.appended.at(-1)
  expect(record?.header.lines).toEqual([expect.objectContaining({ type: 'consent', trust: 'server' })])
  expect(JSON.parse(Buffer.from(record?.body ?? []).toString())).toMatchObject({
    type: 'consent',
    subject_kind: 'project',
    subject: 'default',
    purpose: 'train',
    label: 'granted',
  })
})

it('says how late it is', async () => {
  const health = (await (await harness.request('/v1/health')).json()) as { backlog: { records: number } }
  expect(health.backlog.records).toBe(1)
})
