import { join } from 'node:path'
import { type Database, openEmbedded } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Standalone } from '../src/index.js'
import { feedback, interaction } from './events.js'
import { ask, drained, makeFolder, start } from './support.js'

interface Letter {
  id: string
  type: string
  event_id: string
  code: string
  state: string
  replays: number
  received_at: string
  body: string
  body_until: string
  row_until: string
}
interface Report {
  replayed: number
  records: number
  skipped: { id: string; reason: string }[]
}

/** ClickHouse refuses a known key that stands twice; `JSON.parse`, and so the collector, sees the last one only. */
const twice = (event: object) =>
  JSON.stringify(event).replace('"schema_version":1', '"schema_version":1,"schema_version":1')

describe('dead letters', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let server: Standalone
  let key: string

  beforeAll(async () => {
    folder = await makeFolder()
    server = await start(folder.path)
    key = server.keys?.secret ?? ''
  })
  afterAll(async () => {
    await server.stop()
    await folder.remove()
  })

  const send = async (...lines: string[]) => {
    expect((await ask(server.url, key, '/v1/events', `${lines.join('\n')}\n`)).body).toMatchObject({
      accepted: lines.length,
    })
    await drained(server.url, key)
  }
  const letters = async (query = '') =>
    (await ask<{ items: Letter[] }>(server.url, key, `/v1/dead-letters${query}`)).body.items
  const lettersOf = (event: { id: string }) => letters(`?event_id=${event.id}`)
  const replay = async (request: object) => {
    const answer = await ask<Report>(server.url, key, '/v1/dead-letters/replay', request)
    await drained(server.url, key)
    return answer
  }
  const sums = async () => (await ask<Record<string, number>>(server.url, key, '/v1/accounting')).body
  const isStored = async (event: { id: string }) =>
    (await ask(server.url, key, `/v1/interactions/${event.id}`)).status === 200
  /** Does something to the store while nobody else has it. */
  const inStore = async (work: (db: Database) => Promise<void>) => {
    await server.stop()
    const db = await openEmbedded({ path: join(folder.path, 'store') })
    await work(db)
    await db.close()
    server = await start(folder.path, { knownKey: key })
  }

  it('one that fails again is a dead letter again, with a count, and the sums add up all the way', async () => {
    const [bad, good] = [interaction(), interaction()]
    const before = await sums()
    await send(twice(bad), JSON.stringify(good))
    const [first] = await lettersOf(bad)
    expect(first).toMatchObject({ type: 'interaction', state: 'open', replays: 0 })
    expect(first).not.toHaveProperty('body')
    const shown = await ask<Letter>(server.url, key, `/v1/dead-letters/${encodeURIComponent(first!.id)}`)
    // The bytes as they were sent.
    expect(shown.body).toMatchObject({ id: first!.id, body: twice(bad) })

    expect((await replay({ ids: [first!.id], dry_run: true })).body).toMatchObject({ replayed: 1, records: 1 })
    expect(await lettersOf(bad)).toHaveLength(1)
    expect(await replay({ ids: [first!.id] })).toMatchObject({ status: 202, body: { replayed: 1, skipped: [] } })
    const [second, old] = await lettersOf(bad)
    expect([second!.state, second!.replays, old!.id, old!.state]).toEqual(['open', 1, first!.id, 'replayed'])
    await replay({ code: second!.code })
    expect((await lettersOf(bad)).map(({ replays }) => replays)).toEqual([2, 1, 0])

    const after = await sums()
    expect(after).toMatchObject({ balanced: true, missing_count: 0, id_reused: before['id_reused'] })
    expect(after['dead_lettered']! - before['dead_lettered']!).toBe(1)
    expect(after['stored']! - before['stored']!).toBe(1)
    expect(after['repeats']! - before['repeats']!).toBe(2)
    expect(await isStored(good)).toBe(true)
    expect(await isStored(bad)).toBe(false)
    // A range that ends between the first receipt and those of the replays, and the one that begins there.
    const between = new Date(Date.parse(first!.received_at) + 1).toISOString()
    for (const range of [`until=${between}`, `since=${between}`]) {
      const { body } = await ask(server.url, key, `/v1/accounting?${range}`)
      expect(body).toMatchObject({ balanced: true, dead_lettered: 1, missing_count: 0 })
    }
  })

  it('a mended line is stored under its own id, and its letters say so', async () => {
    const bad = interaction({ task: 'mended', user_id: 'someone' })
    await send(twice(bad))
    const [letter] = await lettersOf(bad)
    const dead = (await sums())['dead_lettered']!
    const refused = [
      [{ ids: [letter!.id], with: twice({ ...bad, id: interaction().id }) }, 'must keep type interaction and id'],
      [{ ids: [letter!.id], with: '{"type":' }, 'not_json'],
      [{ ids: [letter!.id], with: JSON.stringify({ ...bad, status: 'fine' }) }, 'status'],
      [{ code: letter!.code, with: JSON.stringify(bad) }, 'exactly one letter'],
      [{}, 'name what to replay'],
    ] as const
    for (const [request, reason] of refused) {
      const answer = await ask<{ detail: string }>(server.url, key, '/v1/dead-letters/replay', request)
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining(reason)])
    }
    expect(await lettersOf(bad)).toMatchObject([{ state: 'open' }])
    // As an editor leaves it: over several lines.
    expect((await replay({ ids: [letter!.id], with: `${JSON.stringify(bad, null, 2)}\n` })).body).toMatchObject({
      replayed: 1,
    })
    expect(await isStored(bad)).toBe(true)
    expect(await lettersOf(bad)).toMatchObject([{ state: 'stored', replays: 0 }])
    expect(await replay({ ids: [letter!.id] })).toMatchObject({
      body: { replayed: 0, skipped: [{ id: letter!.id, reason: 'stored' }] },
    })
    expect(await sums()).toMatchObject({ balanced: true, dead_lettered: dead - 1 })
  })

  it('what a mended store takes is stored from its own bytes, oldest first, within its old limits', async () => {
    await inStore(async (db) => {
      await db.command("ALTER TABLE interactions ADD CONSTRAINT no_blue CHECK task != 'blue'")
      await db.command(
        'INSERT INTO projects SELECT * REPLACE (30 AS body_retention_days, 60 AS row_retention_days, now64(3) AS updated_at) FROM projects FINAL',
      )
    })
    const thumb = feedback('0199a0b0-0000-7000-8000-000000000001', {
      kind: 'thumb',
      label: 'up',
      author_kind: 'end_user',
    })
    const blue = Array.from({ length: 40 }, () => interaction({ task: 'blue' }))
    const [first, second] = [interaction({ task: 'blue', user_id: 'first' }), { user_id: 'second' }]
    await send(...blue.map((event) => JSON.stringify(event)), JSON.stringify(first))
    await send(JSON.stringify({ ...first, ...second }), JSON.stringify(thumb))
    expect(await letters('?code=violated_constraint&limit=1000')).toHaveLength(42)
    const [kept] = await lettersOf(blue[0]!)

    await inStore((db) => db.command('ALTER TABLE interactions DROP CONSTRAINT no_blue'))
    expect((await replay({ code: 'violated_constraint', since: new Date().toISOString() })).body.replayed).toBe(0)
    expect((await replay({ code: 'violated_constraint' })).body).toMatchObject({
      replayed: 42,
      records: 2,
      skipped: [],
    })
    for (const event of [blue[0]!, blue[39]!, first]) expect(await isStored(event)).toBe(true)
    // The limits of the first receipt: counted anew, a replay would keep a person's text for longer.
    const { body } = await ask(server.url, key, `/v1/interactions/${first.id}`)
    expect(body).toMatchObject({ user_id: 'first', trust: 'server' })
    expect([body['body_until'], body['row_until']]).toEqual([kept!.body_until, kept!.row_until])
    expect(Date.parse(kept!.body_until)).toBeLessThan(Date.now() + 31 * 86_400_000)
    expect(await letters('?code=violated_constraint&state=stored')).toHaveLength(42)
    expect(await sums()).toMatchObject({ balanced: true })
  })

  it('is for the project that it came to, and for those who may', async () => {
    const bad = interaction()
    await send(twice(bad))
    const [letter] = await lettersOf(bad)
    const scoped = await ask<{ key: string }>(server.url, key, '/v1/keys', { kind: 'sk', name: 'r', scopes: ['read'] })
    expect((await ask(server.url, scoped.body.key, '/v1/dead-letters')).status).toBe(200)
    const request = { ids: [letter!.id] }
    expect((await ask(server.url, scoped.body.key, '/v1/dead-letters/replay', request)).status).toBe(403)
    const unknown = { ids: [letter!.id, 'log/0:99/0'] }
    expect((await ask(server.url, key, '/v1/dead-letters/replay', unknown)).status).toBe(404)
    expect((await ask(server.url, key, '/v1/dead-letters/none')).status).toBe(404)
    expect(await lettersOf(bad)).toMatchObject([{ state: 'open' }])
  })
})
