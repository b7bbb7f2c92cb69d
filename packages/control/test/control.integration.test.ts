import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMasterSecret, deriveTicketKey, rowKey, verifyApiKey } from '@flywheel/keys'
import { type Database, insertKey, loadKeys, migrate, openEmbedded, revokeKey } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bootstrapProject, createKeyDirectory, issueApiKey, type KeyDirectory } from '../src/index.js'

const master = createMasterSecret('a secret for the tests of control')
const path = mkdtempSync(join(tmpdir(), 'flywheel-control-'))
let db: Database
let directory: KeyDirectory | undefined

beforeAll(async () => {
  db = await openEmbedded({ path })
  await migrate(db)
})

afterAll(async () => {
  directory?.close()
  await db?.close()
  rmSync(path, { recursive: true, force: true })
})

describe('projects and keys in a real store', () => {
  test('the first start makes the project and shows its keys; the second shows nothing and makes nothing', async () => {
    const first = await bootstrapProject({ db, master })
    expect(first.project_id).toBe('default')
    expect(first.keys?.secret).toMatch(/^fw_sk_/)
    expect(first.keys?.public).toMatch(/^fw_pk_/)
    expect(await bootstrapProject({ db, master })).toEqual({ project_id: 'default', keys: null })

    const rows = await loadKeys(db)
    expect(rows).toHaveLength(2)
    for (const key of [first.keys?.secret, first.keys?.public] as string[]) {
      expect(JSON.stringify(rows)).not.toContain(key.split('_')[3])
      const row = rows.find(({ id }) => id === key.split('_')[2])
      expect(verifyApiKey(master, key, row?.secret_hash ?? '')).toBe(true)
    }
  })

  test('the directory knows keys, projects and ticket keys, and sees what changed after a refresh', async () => {
    directory = await createKeyDirectory({ db, master, refresh_ms: 100_000 })
    expect(directory.isLoaded).toBe(true)
    expect(rowKey(master, directory.project('default')?.row_key_sealed ?? '')).toHaveLength(32)

    const { row, key } = await issueApiKey(db, master, { project_id: 'default', kind: 'sk', name: 'second' })
    expect(directory.lookup(row.id)).toBeUndefined()
    expect(directory.ticketKey(row.id, 0)).toBeNull()
    await directory.refresh()
    expect(directory.lookup(row.id)).toMatchObject({ project_id: 'default', kind: 'sk', status: 'active' })
    expect(directory.ticketKey(row.id, 0)).toEqual(deriveTicketKey(key))

    await revokeKey(db, row.id)
    await directory.refresh()
    expect(directory.lookup(row.id)?.status).toBe('revoked')
    expect(directory.ticketKey(row.id, 0)).toBe('revoked')
  })

  test('a retired key verifies tickets until its time', async () => {
    const { row } = await issueApiKey(db, master, { project_id: 'default', kind: 'sk', name: 'old' })
    const until = Date.UTC(2026, 5, 1)
    await insertKey(db, {
      ...row,
      status: 'retired',
      verifies_until: new Date(until).toISOString(),
      updated_at: new Date(Date.parse(row.updated_at) + 1).toISOString(),
    })
    await directory?.refresh()
    expect(directory?.ticketKey(row.id, until - 1)).toHaveLength(32)
    expect(directory?.ticketKey(row.id, until)).toBe('revoked')
  })

  test('a key made elsewhere is known within the refresh time', async () => {
    const quick = await createKeyDirectory({ db, master, refresh_ms: 20 })
    const { row } = await issueApiKey(db, master, { project_id: 'default', kind: 'pk', name: 'page' })
    await expect.poll(() => quick.lookup(row.id)?.name, { timeout: 5000 }).toBe('page')
    expect(quick.ticketKey(row.id, 0)).toBeNull()
    quick.close()
  })

  test('a public key can be given nothing but feedback:write', async () => {
    const wanted = { project_id: 'default', kind: 'pk', name: 'page', scopes: ['read'] } as const
    await expect(issueApiKey(db, master, wanted)).rejects.toMatchObject({ code: 'invalid_request' })
  })

  test('another FLYWHEEL_SECRET is found at the first load', async () => {
    const other = createMasterSecret('not the secret the keys are under')
    await expect(createKeyDirectory({ db, master: other })).rejects.toMatchObject({ code: 'invalid_config' })
  })
})
