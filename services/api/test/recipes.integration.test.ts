import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHarness, type Harness } from './support.js'

let harness: Harness
beforeAll(async () => {
  harness = await createHarness()
})
afterAll(() => harness.close())

/** What a test reads of any answer. */
interface Answer {
  hash: string
  created_at: string
  code: string
  detail: string
  versions: { hash: string; key_id: string }[]
  items: { name: string }[]
}

async function ask(method: string, path: string, body?: unknown, key?: string): Promise<[number, Answer]> {
  const options = { method, ...(body === undefined ? {} : { body }), ...(key === undefined ? {} : { key }) }
  const response = await harness.request(`/v1/recipes${path}`, options)
  return [response.status, (await response.json()) as Answer]
}

it('stores a recipe, shows it as it was put, and keeps every version', async () => {
  const [status, first] = await ask('PUT', '/nightly', { selection: { budget: 100 }, preset: 'expert-2000' })
  expect([status, first]).toEqual([200, expect.objectContaining({ name: 'nightly', changed: true })])
  // The same in another order is the same version.
  const [, again] = await ask('PUT', '/nightly', { preset: 'expert-2000', selection: { budget: 100 } })
  expect(again).toEqual({ ...first, changed: false })
  const [, second] = await ask('PUT', '/nightly', { filter: { task: 'reply' } })
  const [, shown] = await ask('GET', '/nightly')
  expect(shown).toMatchObject({ name: 'nightly', hash: second.hash, recipe: { filter: { task: 'reply' } } })
  expect(shown.versions.map(({ hash }) => hash)).toEqual([second.hash, first.hash])
  expect(shown.versions[0]?.key_id).toMatch(/^[0-9A-Za-z]{12}$/)
  const [, earlier] = await ask('GET', `/nightly?hash=${first.hash.slice(0, 8)}`)
  expect(earlier).toMatchObject({ hash: first.hash, recipe: { preset: 'expert-2000', selection: { budget: 100 } } })
  const [, list] = await ask('GET', '')
  expect(list.items).toEqual([{ name: 'nightly', hash: second.hash, created_at: second.created_at, versions: 2 }])
})

it('stores nothing that an export would refuse, and no reference to another', async () => {
  for (const [recipe, why] of [
    [{ selektion: {} }, 'unknown key "selektion"'],
    [{ targets: ['trll'] }, 'unknown target "trll"'],
    [{ preset: 'expert-200' }, 'unknown preset'],
    [{ stored: 'nightly' }, 'unknown key "stored"'],
  ] as const) {
    const [status, problem] = await ask('PUT', '/broken', recipe)
    expect([status, problem.code, problem.detail]).toEqual([400, 'invalid_request', expect.stringContaining(why)])
  }
  for (const body of [[], 'x', null]) expect((await ask('PUT', '/broken', JSON.stringify(body)))[0]).toBe(400)
  expect((await ask('PUT', '/.broken', {}))[0]).toBe(400)
  expect((await ask('PUT', '/bro%2Fken', {}))[0]).toBe(400)
  expect((await ask('GET', '/broken'))[0]).toBe(404)
})

it('takes a deleted recipe out of every list and out of force', async () => {
  const [, { hash }] = await ask('PUT', '/brief', {})
  expect(await ask('DELETE', '/brief')).toEqual([200, { name: 'brief' }])
  for (const path of ['/brief', `/brief?hash=${hash}`]) {
    const [status, problem] = await ask('GET', path)
    expect([status, problem.detail]).toEqual([404, expect.stringContaining('see flywheel recipe list')])
  }
  expect((await ask('DELETE', '/brief'))[0]).toBe(404)
  const [, list] = await ask('GET', '')
  expect(list.items.map(({ name }) => name)).not.toContain('brief')
})

it('lets who may read read, and who may export write', async () => {
  const reader = await harness.keyWith(['read'])
  const runner = await harness.keyWith(['export:run'])
  expect((await ask('PUT', '/mine', {}, runner))[0]).toBe(200)
  expect((await ask('GET', '/mine', undefined, reader))[0]).toBe(200)
  expect((await ask('GET', '', undefined, reader))[0]).toBe(200)
  for (const [method, key] of [
    ['PUT', reader],
    ['DELETE', reader],
    ['GET', runner],
    ['PUT', harness.public],
  ] as const)
    expect((await ask(method, '/mine', method === 'PUT' ? {} : undefined, key))[0], method).toBe(403)
})
