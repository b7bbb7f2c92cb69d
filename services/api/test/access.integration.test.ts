import { generateApiKey, hashApiKey, parseApiKey } from '@flywheel/keys'
import { insertKey } from '@flywheel/store'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHarness, type Harness } from './support.js'

let harness: Harness
beforeAll(async () => {
  harness = await createHarness()
})
afterAll(() => harness.close())

async function codeOf(response: Response): Promise<[number, string | null, string]> {
  const { code } = (await response.json()) as { code: string }
  return [response.status, response.headers.get('content-type'), code]
}

it.each([
  ['no key', null],
  ['a key with a typo', 'fw_sk_000000000000_00000000000000000000000000000000000000'],
  ['something else', 'hello'],
])('refuses %s with a problem', async (_, key) => {
  const answer = await codeOf(await harness.request('/v1/interactions', { key }))
  expect(answer).toEqual([401, 'application/problem+json', 'unauthorized'])
})

it('never lets a public key read', async () => {
  for (const path of ['/v1/interactions', '/v1/accounting', '/v1/health', '/v1/keys', '/v1/exports']) {
    expect(await codeOf(await harness.request(path, { key: harness.public }))).toEqual([
      403,
      'application/problem+json',
      'forbidden',
    ])
  }
})

it('never lets a public key read, whatever scopes its row has', async () => {
  const { id, key } = generateApiKey({ kind: 'pk' })
  const at = new Date().toISOString()
  const row = harness.keys.lookup(parseApiKey(harness.public)?.id ?? '')
  if (row === undefined) throw new Error('the public key is not in the directory')
  const scopes = ['read', 'admin'] as const
  await insertKey(harness.db, {
    ...row,
    id,
    scopes: [...scopes],
    secret_hash: hashApiKey(harness.master, key),
    created_at: at,
    updated_at: at,
  })
  await harness.keys.refresh()
  expect((await harness.request('/v1/interactions', { key })).status).toBe(403)
})

it('holds every route to its scope', async () => {
  const reader = await harness.keyWith(['read'])
  expect((await harness.request('/v1/interactions', { key: reader })).status).toBe(200)
  expect((await harness.request('/v1/keys', { key: reader })).status).toBe(403)
  expect((await harness.request('/v1/exports', { key: reader, body: {} })).status).toBe(403)
  expect((await harness.request('/v1/consent', { key: reader, body: { purpose: 'train' } })).status).toBe(403)
  const writer = await harness.keyWith(['ingest:write'])
  expect((await harness.request('/v1/interactions', { key: writer })).status).toBe(403)
})

it('shows a key once, keeps only its hash, and takes it back at once', async () => {
  const created = await harness.request('/v1/keys', { body: { kind: 'sk', name: 'ci', scopes: ['read'] } })
  expect(created.status).toBe(201)
  const { key, id } = (await created.json()) as { key: string; id: string }
  expect((await harness.request('/v1/interactions', { key })).status).toBe(200)
  const listed = await (await harness.request('/v1/keys')).text()
  expect(listed).toContain(id)
  expect(listed).not.toContain(key)
  expect(listed).not.toContain('secret_hash')
  const revoked = await harness.request(`/v1/keys/${id}`, { method: 'DELETE' })
  expect(((await revoked.json()) as { status: string }).status).toBe('revoked')
  expect((await harness.request('/v1/interactions', { key })).status).toBe(401)
})

it('names a filter that there is none, and a path that there is none', async () => {
  const filter = await harness.request('/v1/interactions?colour=red')
  expect([filter.status, ((await filter.json()) as { detail: string }).detail]).toEqual([
    400,
    expect.stringContaining('colour'),
  ])
  expect((await codeOf(await harness.request('/v1/nothing')))[2]).toBe('not_found')
  expect((await codeOf(await harness.request('/v1/query', { body: '{' })))[2]).toBe('invalid_request')
})

it('answers with the id of the request', async () => {
  const response = await harness.request('/v1/nothing')
  const { request_id } = (await response.json()) as { request_id: string }
  expect(response.headers.get('x-request-id')).toBe(request_id)
})
