import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, openEmbedded } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Standalone } from '../src/index.js'
import { feedback, interaction, ndjson } from './events.js'
import { ask, drained, makeFolder, start } from './support.js'

interface Receipt {
  id: string
  state: string
  events: number
  counts: Record<string, number>
  waits_for: string | null
  exports: { export_id: string; replaced_by: string; rows: number; recipients: string[] }[]
  limits: string[]
}

const CANARY = 'c4n4ry-of-the-erased'
/** The columns of ids are packed by LZ4, whose bytes hold the first of each text as it is; bodies only a row shows. */
const ADA = `ada-${CANARY}`
const recipe = {
  settling: { committed_ms: 0, late_feedback_ms: 0, draft_ms: 0 },
  formats: ['jsonl'],
  split: { validation: 0 },
}

/** How soon the engine removes what it has replaced. */
const SOON =
  'old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 1, cleanup_delay_period_random_add = 0'

/** Files below a folder whose bytes hold a text. */
async function filesWith(folder: string, text: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const held: string[] = []
  for (const file of files) {
    // The engine removes parts while the folder is walked.
    const bytes = await readFile(file).catch(() => Buffer.alloc(0))
    if (bytes.includes(text)) held.push(file)
  }
  return held
}

describe('erasing a person', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let server: Standalone
  let key: string

  /** Does something to the store while nobody else has it. */
  const inStore = async (work: (db: Database) => Promise<void>) => {
    await server.stop()
    const db = await openEmbedded({ path: join(folder.path, 'store') })
    await work(db)
    await db.close()
    server = await start(folder.path, { knownKey: key })
  }
  const send = async (...events: object[]) => {
    const { body } = await ask<{ accepted: number }>(server.url, key, '/v1/events', ndjson(events))
    expect(body.accepted).toBe(events.length)
    await drained(server.url, key)
  }
  const reach = async (id: string, state: string) => {
    let waits_for: string | null = null
    for (let attempt = 0; attempt < 240; attempt++) {
      const { body } = await ask<Receipt>(server.url, key, `/v1/erasures/${id}`)
      if (body.state === state) return body
      waits_for = body.waits_for
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    throw new Error(`the erasure is not ${state} after a minute: it waits for ${waits_for}`)
  }

  beforeAll(async () => {
    folder = await makeFolder()
    server = await start(folder.path)
    key = server.keys?.secret ?? ''
    // By default the engine keeps the files that it has replaced for eight minutes.
    await inStore(async (db) => {
      for (const table of ['interactions', 'feedback', 'links', 'consents', 'dead_letters', 'export_items'])
        await db.command(`ALTER TABLE ${table} MODIFY SETTING ${SOON}`)
    })
  })
  afterAll(async () => {
    await server.stop()
    await folder.remove()
  })

  it('takes the person out of reads, store, log and exports, and leaves everybody else', async () => {
    const of = (user_id: string, text: string) =>
      interaction({
        user_id,
        session_id: `s-${user_id}`,
        consent: { train: 'granted' },
        outputs: [{ role: 'assistant', parts: [{ type: 'text', content: `${text} answer` }] }],
      })
    const edit = (target: string, author_id: string, text: string) =>
      feedback(target, {
        kind: 'correction',
        stage: 'committed',
        author_id,
        author_kind: 'end_user',
        kept: `${text} answer, and more`,
      })
    const mine = of(ADA, CANARY)
    const others = of('bob', 'plain')
    const hers = edit(mine.id, ADA, CANARY)
    const reviewed = feedback(mine.id, {
      kind: 'comment',
      author_id: 'reviewer',
      author_kind: 'expert',
      reason_text: `${CANARY}`,
    })
    await send(mine, others, hers, edit(others.id, 'bob', 'plain'), reviewed)
    const exported = await ask<{ export_id: string; pairs: number }>(server.url, key, '/v1/exports', { recipe })
    expect(exported.body.pairs).toBe(2)
    await ask(server.url, key, `/v1/exports/${exported.body.export_id}/recipients`, { recipient: 'training team' })
    // The control: a search that finds nothing before shows nothing after.
    for (const part of ['store', 'log', 'exports'])
      expect(await filesWith(join(folder.path, part), CANARY), part).not.toEqual([])

    const request = { subject_kind: 'user', subject: ADA, reason: 'ticket 7' }
    const asked = await ask<Receipt>(server.url, key, '/v1/erasures', request)
    expect([asked.status, asked.body.events]).toEqual([202, 3])
    expect((await ask(server.url, key, `/v1/interactions/${mine.id}`)).status).toBe(404)
    expect((await ask<Receipt>(server.url, key, '/v1/erasures', request)).body.id).toBe(asked.body.id)

    const receipt = await reach(asked.body.id, 'final')
    expect(receipt).toMatchObject({ events: 3, waits_for: null, counts: { interactions: 1, feedback: 2 } })
    expect(receipt.exports).toEqual([
      expect.objectContaining({ export_id: exported.body.export_id, rows: 2, recipients: ['training team'] }),
    ])
    expect(receipt.limits.join(' ')).toContain('in words of their own, is not found')
    expect(JSON.stringify(receipt)).not.toContain(CANARY)
    for (const part of ['store', 'log', 'exports'])
      expect(await filesWith(join(folder.path, part), CANARY), part).toEqual([])
    expect(await filesWith(join(folder.path, 'exports'), 'plain')).not.toEqual([])
    expect((await ask(server.url, key, `/v1/interactions/${others.id}`)).status).toBe(200)

    // A spool that sends the same again, and a replay, change nothing; the sums add up.
    await send(mine, hers)
    expect((await ask(server.url, key, `/v1/interactions/${mine.id}`)).status).toBe(404)
    const sums = (await ask<Record<string, unknown>>(server.url, key, '/v1/accounting')).body
    expect(sums).toMatchObject({ balanced: true, erased: 3, missing_count: 0 })
  })

  it('goes on after a restart in the middle', async () => {
    const mine = interaction({
      user_id: 'eve',
      outputs: [{ role: 'assistant', parts: [{ type: 'text', content: `${CANARY} eve` }] }],
    })
    await send(mine)
    const asked = await ask<Receipt>(server.url, key, '/v1/erasures', { subject_kind: 'user', subject: 'eve' })
    await server.stop()
    server = await start(folder.path, { knownKey: key })
    expect(await reach(asked.body.id, 'final')).toMatchObject({ counts: { interactions: 1 } })
    expect(await filesWith(folder.path, `${CANARY} eve`)).toEqual([])
  })

  it('is for admins, and knows only its own', async () => {
    expect((await ask(server.url, key, '/v1/erasures/00000000-0000-8000-8000-000000000000')).status).toBe(404)
    expect((await ask(server.url, key, '/v1/erasures', { subject_kind: 'project', subject: 'x' })).status).toBe(400)
    const { body } = await ask<{ key: string }>(server.url, key, '/v1/keys', {
      kind: 'sk',
      name: 'r',
      scopes: ['read'],
    })
    expect((await ask(server.url, body.key, '/v1/erasures', { subject_kind: 'user', subject: 'x' })).status).toBe(403)
  })
})
