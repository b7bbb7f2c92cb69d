import { issueApiKey } from '@flywheel/control'
import { insertProject, loadProjects } from '@flywheel/store'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHarness, type Harness } from './support.js'

let harness: Harness
const made: string[] = []
beforeAll(async () => {
  harness = await createHarness({
    backup: async (path) => {
      made.push(path)
      return { path, begun_at: '', files: 0, bytes: 0, log_records: 0, paused_ms: 0, secret: 'file' }
    },
  })
})
afterAll(() => harness.close())

const backup = async (key?: string) => {
  const answer = await harness.request('/v1/backup', { body: { path: '/b' }, ...(key === undefined ? {} : { key }) })
  return [answer.status, ((await answer.json()) as { detail?: string }).detail] as const
}

it('a server of one project is backed up by its admin, and by nobody below', async () => {
  const admin = await harness.keyWith(['admin'])
  expect((await backup(admin))[0]).toBe(201)
  expect(await backup(await harness.keyWith(['read', 'sql:read', 'export:run']))).toEqual([
    403,
    expect.stringContaining('lacks the scope server'),
  ])
})

it('no project’s admin backs up what other projects keep, or makes itself a key that may', async () => {
  const admin = await harness.keyWith(['admin'])
  const [first] = await loadProjects(harness.db)
  if (first === undefined) throw new Error('there is no project')
  await insertProject(harness.db, { ...first, id: 'second', name: 'Second' })
  const { key } = await issueApiKey(harness.db, harness.master, {
    project_id: 'second',
    kind: 'sk',
    name: 'admin of the second',
    scopes: ['admin'],
  })
  await harness.keys.refresh()
  made.length = 0
  for (const one of [admin, key]) {
    expect(await backup(one)).toEqual([403, expect.stringContaining('a key with the scope server')])
    const body = { kind: 'sk', scopes: ['admin', 'server'] }
    expect((await harness.request('/v1/keys', { key: one, body })).status).toBe(403)
  }
  expect(made).toEqual([])
  expect((await backup())[0]).toBe(201)
  const given = await harness.request('/v1/keys', { body: { kind: 'sk', scopes: ['server'] } })
  expect((await backup(((await given.json()) as { key: string }).key))[0]).toBe(201)
})
