import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { deriveTicketKey, parseApiKey, signTicket } from '@flywheel/keys'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { restoreBackup, type Standalone } from '../src/index.js'
import { feedback, interaction, ndjson, nextId } from './events.js'
import { ask, drained, makeFolder, start } from './support.js'

interface Sums {
  stored: number
  repeats: number
  lost_records: number
  problems: string[]
  balanced: boolean
}

interface Made {
  path: string
  begun_at: string
  log_records: number
  paused_ms: number
  secret: string
  code?: string
  detail?: string
}

const LINES = 20

describe('a backup of a running server', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let server: Standalone
  let key: string
  const bodies: string[] = []
  const acknowledged = new Set<string>()
  let isSending = true
  let sending: Promise<unknown>

  let exportId: string

  /** A published export, so that the backup has one. */
  const exportOnce = async (): Promise<string> => {
    const answer = interaction()
    const edit = {
      kind: 'correction',
      stage: 'committed',
      shown: 'The warranty is one year from the day of purchase.',
      kept: 'The warranty is two years from the day of delivery; please keep the receipt.',
    }
    const events = [answer, feedback(answer.id, edit)]
    await ask(server.url, key, '/v1/events', ndjson(events))
    acknowledged.add(answer.id)
    const consent = { purpose: 'train', basis: 'test', applies_from: '2026-01-01T00:00:00Z' }
    await ask(server.url, key, '/v1/consent', consent)
    await drained(server.url, key)
    const recipe = { settling: { committed_ms: 0, late_feedback_ms: 0, draft_ms: 0 } }
    const run = await ask<{ export_id: string }>(server.url, key, '/v1/exports', { recipe })
    expect(run).toMatchObject({ status: 200 })
    return run.body.export_id
  }

  const copies = async (url: string): Promise<Map<string, number>> => {
    const sql = 'SELECT toString(id) AS id, count() AS copies FROM interactions FINAL GROUP BY id'
    const { body } = await ask<{ rows: { id: string; copies: number }[] }>(url, key, '/v1/query', {
      sql,
      limit: 10_000,
    })
    return new Map(body.rows.map((row) => [row.id, Number(row.copies)]))
  }

  beforeAll(async () => {
    folder = await makeFolder()
    server = await start(join(folder.path, 'data'))
    key = server.keys?.secret ?? ''
    exportId = await exportOnce()
    const sender = async (): Promise<void> => {
      while (isSending) {
        const events = Array.from({ length: LINES }, () => interaction())
        const body = ndjson(events)
        const { status } = await ask(server.url, key, '/v1/events', body)
        expect(status).toBe(202)
        for (const { id } of events) acknowledged.add(id)
        bodies.push(body)
        await sleep(50)
      }
    }
    sending = Promise.all([sender(), sender(), sender()])
    while (acknowledged.size < 200) await sleep(10)
  })
  afterAll(async () => {
    isSending = false
    await sending
    await server.stop()
    await folder.remove()
  })

  it('has everything acknowledged before it, adds up, and doubles nothing when clients send again', async () => {
    const path = join(folder.path, 'backup')
    const before = new Set(acknowledged)
    const made = await ask<Made>(server.url, key, '/v1/backup', { path })
    expect(made).toMatchObject({ status: 201, body: { path, secret: 'file' } })
    expect(before.size).toBeGreaterThan(0)
    isSending = false
    await sending
    expect(acknowledged.size).toBeGreaterThan(before.size)
    // Nothing of it is left in the server that goes on.
    expect(await readdir(join(server.dataDir, 'store', 'shadow'))).toEqual(['increment.txt'])
    await drained(server.url, key)
    expect((await ask<Sums>(server.url, key, '/v1/accounting')).body).toMatchObject({ problems: [], balanced: true })
    await server.stop()

    const dataDir = join(folder.path, 'restored')
    const restored = await restoreBackup(path, dataDir)
    expect(restored).toMatchObject({ path: dataDir, begun_at: made.body.begun_at, log_records: expect.any(Number) })
    server = await start(dataDir, { knownKey: key })
    expect(server.keys).toBeUndefined()
    await drained(server.url, key)
    const found = await copies(server.url)
    expect([...before].filter((id) => !found.has(id))).toEqual([])
    expect([...found].filter(([id, count]) => count !== 1 || !acknowledged.has(id))).toEqual([])
    expect((await ask<Sums>(server.url, key, '/v1/accounting')).body).toMatchObject({
      stored: found.size + 2,
      repeats: 0,
      lost_records: 0,
      problems: [],
      balanced: true,
    })

    const answers = await Promise.all(bodies.map((body) => ask(server.url, key, '/v1/events', body)))
    expect(answers.every(({ status }) => status === 202)).toBe(true)
    await drained(server.url, key)
    const again = await copies(server.url)
    expect([...again.keys()].sort()).toEqual([...acknowledged].sort())
    expect([...again.values()].every((count) => count === 1)).toBe(true)
    expect((await ask<Sums>(server.url, key, '/v1/accounting')).body).toMatchObject({
      stored: acknowledged.size + 2,
      problems: [],
      balanced: true,
    })
  })

  it('has the exports, in the place where they are now', async () => {
    const { body } = await ask<{ manifest: { export_id: string } }>(server.url, key, `/v1/exports/${exportId}`)
    expect(body.manifest.export_id).toBe(exportId)
  })

  it('keeps tickets good that were signed before it', async () => {
    const target = [...acknowledged][0]
    const ticketKey = deriveTicketKey(key)
    const claims = { k: parseApiKey(key)?.id ?? '', t: 'interaction' as const, i: target ?? '', c: 0 }
    const e = Math.floor(Date.now() / 1000) + 600
    const ticket = signTicket(ticketKey, { ...claims, a: ['thumb'], u: 'u1', e })
    const thumb = { type: 'feedback', id: nextId(), schema_version: 1, kind: 'thumb', label: 'up', ticket }
    const answer = await fetch(`${server.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: ndjson([thumb]),
    })
    expect([answer.status, await answer.json()]).toEqual([202, { accepted: 1, rejected: [] }])
  })

  it('is refused where it cannot be whole, and leaves nothing there', async () => {
    const refusal = async (path: string) => {
      const { status, body } = await ask<Made>(server.url, key, '/v1/backup', { path })
      expect([status, body.code]).toEqual([400, 'invalid_request'])
      return body.detail
    }
    expect(await refusal('backup')).toContain('absolute')
    expect(await refusal(join(server.dataDir, 'backup'))).toContain('in the data directory')
    expect(await refusal(join(server.dataDir, '..backup'))).toContain('in the data directory')
    await symlink(server.dataDir, join(folder.path, 'elsewhere'))
    expect(await refusal(join(folder.path, 'elsewhere', 'backup'))).toContain('in the data directory')
    await symlink(join(folder.path, 'nothing'), join(folder.path, 'dangling'))
    expect(await refusal(join(folder.path, 'dangling'))).toContain('there is something already')
    for (const path of ['/proc/backup', '/proc/self/backup', join(folder.path, 'x'.repeat(300))]) {
      expect(await refusal(path)).toMatch(/cannot be written \(E[A-Z]+\); choose a folder/)
    }
    expect(await refusal(join(folder.path, 'backup'))).toContain('there is something already')
    expect(await refusal(join(folder.path, 'absent', 'backup'))).toContain('does not exist on the server')
    const { body: reader } = await ask<{ key: string }>(server.url, key, '/v1/keys', {
      kind: 'sk',
      name: 'reader',
      scopes: ['read'],
    })
    const path = join(folder.path, 'other')
    expect((await ask(server.url, reader.key, '/v1/backup', { path })).status).toBe(403)
    // A small store is saved in a moment: of several at once some meet.
    const paths = Array.from({ length: 6 }, (_, n) => join(folder.path, `other-${n}`))
    const answers = await Promise.all(paths.map((each) => ask<Made>(server.url, key, '/v1/backup', { path: each })))
    const refused = answers.flatMap(({ status, body }, n) => (status === 201 ? [] : [{ n, status, code: body.code }]))
    expect(refused.length).toBeGreaterThan(0)
    expect(refused).toEqual(refused.map(({ n }) => ({ n, status: 409, code: 'conflict' })))
    const names = await readdir(folder.path)
    expect(names.filter((name) => name.includes('unfinished'))).toEqual([])
    for (const { n } of refused) expect(names).not.toContain(`other-${n}`)
    const made = paths.find((_, n) => answers[n]!.status === 201)!
    expect(((await stat(made)).mode & 0o077).toString(8)).toBe('0')
  })
})

describe('a restore', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let backup: string
  beforeAll(async () => {
    folder = await makeFolder()
    backup = join(folder.path, 'backup')
    const server = await start(join(folder.path, 'data'), { secret: 's'.repeat(40) })
    const made = await ask<Made>(server.url, server.keys?.secret ?? '', '/v1/backup', { path: backup })
    expect(made).toMatchObject({ status: 201, body: { secret: 'environment' } })
    await server.stop()
  })
  afterAll(() => folder.remove())

  const target = () => join(folder.path, 'restored')
  const refused = async (reason: RegExp) => {
    await expect(restoreBackup(backup, target())).rejects.toThrow(reason)
    expect((await readdir(folder.path)).sort()).toEqual(['backup', 'data'])
  }

  it('refuses a folder that is not empty, and what is no backup', async () => {
    await expect(restoreBackup(backup, join(folder.path, 'data'))).rejects.toThrow(/is not empty/)
    await expect(restoreBackup(join(folder.path, 'data'), target())).rejects.toThrow(/is no backup/)
    await mkdir(target())
    await writeFile(join(target(), 'mine'), 'x')
    await expect(restoreBackup(backup, target())).rejects.toThrow(/is not empty/)
    expect(await readFile(join(target(), 'mine'), 'utf8')).toBe('x')
    await rm(target(), { recursive: true })
  })

  it('finds one changed byte, a missing file and a path that leads out of the folder, and makes nothing', async () => {
    const log = join(backup, 'data', 'log', 'log.1.mdb')
    const whole = await readFile(log)
    const changed = Buffer.from(whole)
    changed[100] = (changed[100] as number) ^ 1
    await writeFile(log, changed)
    await refused(/is damaged: log\/log\.1\.mdb has another checksum/)
    await rm(log)
    await refused(/is damaged: .*log\.1\.mdb/)
    await writeFile(log, whole)
    const manifest = join(backup, 'manifest.json')
    const text = await readFile(manifest, 'utf8')
    const { files } = JSON.parse(text) as { files: { path: string; sha256: string }[] }
    const first = files[0] as (typeof files)[number]
    expect(
      createHash('sha256')
        .update(await readFile(join(backup, 'data', first.path)))
        .digest('hex'),
    ).toBe(first.sha256)
    await writeFile(manifest, text.replace(`"${first.path}"`, '"../../outside"'))
    await refused(/is damaged: manifest\.json is not valid at files\.0\.path/)
    await writeFile(manifest, text.replace('"format": 1', '"format": 2'))
    await refused(/made by a newer version/)
    await writeFile(manifest, text.slice(0, -20))
    await refused(/is damaged: manifest\.json/)
    await writeFile(manifest, text)
  })

  it('needs the secret that the server had', async () => {
    await restoreBackup(backup, target())
    await expect(start(target())).rejects.toThrow(/secret is missing/)
    const server = await start(target(), { secret: 's'.repeat(40) })
    expect((await ask(server.url, server.keys?.secret ?? '', '/v1/accounting')).status).toBe(200)
    await server.stop()
  })
})
