import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Standalone } from '../src/index.js'
import { feedback, interaction, ndjson } from './events.js'
import { spawnChild } from './spawn-child.js'
import { ask, drained, makeFolder, start } from './support.js'

interface Sums {
  accepted: number
  stored: number
  repeats: number
  missing_count: number
  balanced: boolean
}

interface Answer {
  accepted: number
  rejected: { code: string }[]
}

const fixtures = new URL('../../../packages/schema/fixtures/v1/', import.meta.url)

describe('the embedded profile', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let server: Standalone
  let key: string
  const one = interaction()

  beforeAll(async () => {
    folder = await makeFolder()
    server = await start(folder.path)
    key = server.keys?.secret ?? ''
  })
  afterAll(async () => {
    await server.stop()
    await folder.remove()
  })

  it('keeps its secret in a file that only its owner reads', async () => {
    const { mode } = await stat(join(folder.path, 'secret'))
    expect(mode & 0o777).toBe(0o600)
    for (const name of ['store', 'log', 'exports'])
      expect(((await stat(join(folder.path, name))).mode & 0o077).toString(8)).toBe('0')
  })

  it('shows an interaction with its feedback, superseded ones marked', async () => {
    const early = feedback(one.id, { kind: 'thumb', label: 'up', author_id: 'u1', author_kind: 'end_user' })
    const late = feedback(one.id, { kind: 'thumb', label: 'down', author_id: 'u1', author_kind: 'end_user' })
    const edit = feedback(one.id, {
      kind: 'correction',
      stage: 'committed',
      shown: 'The warranty is one year from the day of purchase.',
      kept: 'The warranty is two years from the day of delivery; please keep the receipt.',
    })
    // Feedback first: nothing may assume an order.
    await ask(server.url, key, '/v1/events', ndjson([late, early, edit]))
    await ask(server.url, key, '/v1/events', ndjson([one]))
    await drained(server.url, key)
    const { body } = await ask<{ outputs: unknown; feedback: { id: string; state: string }[] }>(
      server.url,
      key,
      `/v1/interactions/${one.id}`,
    )
    expect(body.outputs).toEqual(one['outputs'])
    expect(Object.fromEntries(body.feedback.map((event) => [event.id, event.state]))).toEqual({
      [early.id]: 'superseded',
      [late.id]: 'live',
      [edit.id]: 'live',
    })
  })

  it('refuses a recipe with a key, a strategy or a format that nobody knows, and names the known ones', async () => {
    const refused = async (recipe: unknown) => {
      const { status, body } = await ask<{ code: string; detail: string }>(server.url, key, '/v1/exports', { recipe })
      expect([status, body.code]).toEqual([400, 'invalid_request'])
      return body.detail
    }
    expect(await refused({ stratgies: ['edit.final'] })).toContain('"stratgies"')
    expect(await refused({ strategies: ['edit.fianl'] })).toMatch(
      /unknown strategy "edit.fianl"; use one of .*edit\.final/,
    )
    expect(await refused({ formats: ['csv'] })).toMatch(/unknown format "csv"; use one of .*jsonl/)
    expect(await refused({ filter: { text: 'warranty' } })).toContain('filter.text: cannot stand in a recipe')
  })

  it('exports nothing without consent and says what mends it, then a pair with it', async () => {
    const refused = await ask<{ code: string; detail: string }>(server.url, key, '/v1/exports', {
      recipe: { settling: { committed_ms: 0, late_feedback_ms: 0, draft_ms: 0 } },
    })
    expect(refused.body.code).toBe('nothing_to_export')
    expect(refused.body.detail).toContain('flywheel consent declare')
    const declared = await ask(server.url, key, '/v1/consent', {
      purpose: 'train',
      basis: 'test',
      applies_from: '2026-01-01T00:00:00Z',
    })
    expect(declared.status).toBe(202)
    await drained(server.url, key)
    const run = await ask<{ pairs: number; first_row: Record<string, unknown>; export_id: string; reused: boolean }>(
      server.url,
      key,
      '/v1/exports',
      { recipe: { settling: { committed_ms: 0, late_feedback_ms: 0, draft_ms: 0 } } },
    )
    expect(run.status).toBe(200)
    expect(run.body.pairs).toBeGreaterThan(0)
    expect(Object.keys(run.body.first_row)).toEqual(expect.arrayContaining(['prompt', 'chosen', 'rejected']))
    const shown = await ask<{ manifest: { export_id: string } }>(server.url, key, `/v1/exports/${run.body.export_id}`)
    expect(shown.body.manifest.export_id).toBe(run.body.export_id)
  })

  it('takes every fixture of version 1 and stores each event once', async () => {
    const { body: before } = await ask<Sums>(server.url, key, '/v1/accounting')
    let accepted = 0
    for (const name of ['interactions', 'feedback', 'links', 'consents']) {
      const body = await readFile(new URL(`${name}.ndjson`, fixtures), 'utf8')
      const { status, body: answer } = await ask<Answer>(server.url, key, '/v1/events', body)
      expect(status).toBe(202)
      // A fixture's ticket was signed by a key that this server never had.
      expect(answer.rejected.filter(({ code }) => !code.startsWith('ticket_'))).toEqual([])
      accepted += answer.accepted
    }
    expect(accepted).toBeGreaterThan(30)
    await drained(server.url, key)
    const { body: sums } = await ask<Sums>(server.url, key, '/v1/accounting')
    expect(sums).toMatchObject({ accepted: before.accepted + accepted, missing_count: 0, balanced: true })
    expect(sums.stored).toBe(sums.accepted - sums.repeats)
  })

  it('keeps what it has over a restart and makes no new keys for who has one', async () => {
    const { body: before } = await ask<Sums>(server.url, key, '/v1/accounting')
    await server.stop()
    server = await start(folder.path, { knownKey: key })
    expect(server.keys).toBeUndefined()
    const { body: after } = await ask<Sums>(server.url, key, '/v1/accounting')
    expect(after.stored).toBe(before.stored)
    const { body } = await ask<{ id: string }>(server.url, key, `/v1/interactions/${one.id}`)
    expect(body.id).toBe(one.id)
  })

  it('survives a start with the wrong secret, which leaves nothing behind', async () => {
    await server.stop()
    const wrong = { secret: 'another secret of at least 32 characters' }
    await expect(start(folder.path, wrong)).rejects.toThrow('sealed')
    await expect(start(folder.path, { ...wrong, knownKey: key })).rejects.toThrow('sealed')
    server = await start(folder.path, { knownKey: key })
    expect(server.keys).toBeUndefined()
    expect((await ask(server.url, key, '/v1/health')).status).toBe(200)
  })

  it('refuses a directory that another process has, in one sentence', async () => {
    await expect(spawnChild({ FLYWHEEL_DATA_DIR: folder.path })).rejects.toThrow(
      /exit 1: .* is in use by process \d+\. /,
    )
    const { status } = await ask(server.url, key, '/v1/accounting')
    expect(status).toBe(200)
  })
})

describe('a start that cannot be', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  beforeAll(async () => {
    folder = await makeFolder()
  })
  afterAll(() => folder.remove())

  it('names a port that is in use, and leaves the directory free', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }
    const dataDir = join(folder.path, 'a')
    await expect(start(dataDir, { port })).rejects.toMatchObject({ code: 'port_in_use' })
    taken.close()
    const server = await start(dataDir)
    expect(server.keys?.secret).toMatch(/^fw_sk_/)
    await server.stop()
  })

  it('refuses an address that others reach without a secret of the owner', async () => {
    await expect(start(join(folder.path, 'b'), { host: '0.0.0.0' })).rejects.toThrow(/FLYWHEEL_SECRET is not set/)
  })

  it('refuses a store whose secret is gone instead of making another', async () => {
    const dataDir = join(folder.path, 'a')
    await rm(join(dataDir, 'secret'))
    await expect(start(dataDir)).rejects.toThrow(/secret is missing/)
  })

  it.runIf(process.platform === 'linux')('gives up where the system makes no folder', async () => {
    await expect(start('/proc/flywheel')).rejects.toThrow('cannot be written (ENOENT)')
  })

  it('says that a directory cannot be written', async () => {
    const file = join(folder.path, 'file')
    await writeFile(file, '')
    await expect(start(join(file, 'below'))).rejects.toThrow(/cannot be written \(ENOTDIR\)/)
  })
})
