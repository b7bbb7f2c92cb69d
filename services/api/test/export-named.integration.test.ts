import { insertRows } from '@flywheel/store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHarness, type Harness } from './support.js'

let api: Harness
const id = (beginning: string): string => beginning.padEnd(64, '0')

beforeAll(async () => {
  api = await createHarness()
  const none = { recipe_name: 'nightly', recipe_hash: '', manifest_sha256: '', funnel: '', summary: '', parent: '' }
  const row = (beginning: string, day: number): Record<string, unknown> => {
    const at = `2026-03-0${day}T00:00:00.000Z`
    const counts = { pairs: 0, unpaired: 0, supervised: 0, path: '/exports' }
    return { project_id: 'default', id: id(beginning), watermark: at, created_at: at, ...counts, ...none }
  }
  await insertRows(api.db, 'exports', [row('a1b2c3', 1), row('a1b2d4', 2), row('ffff', 3)])
  await insertRows(api.db, 'exports', [{ ...row('eeee', 4), project_id: 'another' }])
})
afterAll(() => api.close())

const asked = async (name: string): Promise<[number, { export_id?: string; detail?: string }]> => {
  const answer = await api.request(`/v1/exports/${name}`)
  return [answer.status, (await answer.json()) as { export_id?: string; detail?: string }]
}

test('finds an export by its whole id and by digits that no other begins with', async () => {
  for (const name of [id('ffff'), 'ffff', id('ffff').slice(0, 20)])
    expect(await asked(name)).toMatchObject([200, { export_id: id('ffff') }])
  expect(await asked('a1b2c')).toMatchObject([200, { export_id: id('a1b2c3') }])
})

test('says of too few digits how many it takes', async () => {
  for (const name of ['fff', 'f', 'FFFF', 'nightly', 'f'.repeat(65)]) {
    const [status, { detail }] = await asked(name)
    expect([status, detail]).toEqual([400, expect.stringContaining('give 4 to 64 of its digits')])
  }
})

test('names the exports that begin with the same digits, newest first', async () => {
  const [status, { detail }] = await asked('a1b2')
  expect(status).toBe(400)
  expect(detail).toContain(
    `2 exports begin with a1b2: ${id('a1b2d4')} (nightly, 2026-03-02T00:00:00.000Z), ${id('a1b2c3')} (nightly`,
  )
  expect(detail).toContain('give more than 4 digits')
})

test('knows no export of another project by its digits', async () => {
  expect(await asked('eeee')).toMatchObject([404, { detail: expect.stringContaining('flywheel export list') }])
})

test('makes an export once more by the digits that name it', async () => {
  const again = async (as_of: string): Promise<[number, string]> => {
    const answer = await api.request('/v1/exports', { body: { as_of } })
    return [answer.status, ((await answer.json()) as { detail: string }).detail]
  }
  expect(await again('a1b2c')).toEqual([422, expect.stringContaining(`as of ${id('a1b2c3')}`)])
  expect(await again(id('ffff'))).toEqual([422, expect.stringContaining(`as of ${id('ffff')}`)])
  expect(await again('a1b2')).toEqual([400, expect.stringContaining('2 exports begin with a1b2')])
  expect(await again('fff')).toEqual([400, expect.stringContaining('give 4 to 64 of its digits')])
  expect(await again('eeee')).toEqual([404, expect.stringContaining('flywheel export list')])
})
