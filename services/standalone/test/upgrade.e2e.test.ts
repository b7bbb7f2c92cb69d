import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadMigrations, openEmbedded } from '@flywheel/store'
import { describe, expect, it } from 'vitest'
import { ndjson, nextId } from './events.js'
import { ask, drained, makeFolder, start } from './support.js'

// Data directories of earlier builds, made by scripts/record-upgrade-fixture.ts; the last one is the last release's.
const FIXTURES = fileURLToPath(new URL('../fixtures/upgrade', import.meta.url))
const names = readdirSync(FIXTURES).filter((name) => name.endsWith('.tar.gz'))

interface Expected {
  recorded_at: string
  key: string
  ticket: string
  stored: { interactions: string[]; others: string[] }
  dead: string
  waiting: string[]
  bodies: string[]
  sums: { stored: number; dead_lettered: number; repeats: number; receipt_lines: number; created: number }
}

/** Ids older than this are refused: their bodies cannot be sent again. */
const ACCEPTED_MS = 390 * 24 * 3_600_000

describe('an upgrade in place', () => {
  it('has a fixture to start from', () => expect(names).not.toEqual([]))

  it.each(names)(
    '%s keeps every event once, stores what waited in the log, and takes old tickets and repeats',
    async (name) => {
      const folder = await makeFolder()
      try {
        execFileSync('tar', ['-xzf', join(FIXTURES, name), '-C', folder.path])
        const data = join(folder.path, 'data')
        const expected = JSON.parse(await readFile(join(folder.path, 'expected.json'), 'utf8')) as Expected
        const { key, sums, stored, waiting } = expected

        const before = await openEmbedded({ path: join(data, 'store') })
        const known = await before.query<{ name: string }>('SELECT name FROM schema_migrations FINAL ORDER BY name')
        await before.close()
        const all = (await loadMigrations()).map((migration) => migration.name)
        expect(all.slice(0, known.length)).toEqual(known.map((row) => row.name))

        const server = await start(data, { knownKey: key })
        expect(server.keys).toBeUndefined()
        const { url } = server
        const copies = async () => {
          const events = ['interactions', 'feedback', 'links', 'consents'].map(
            (table) => `SELECT toString(id) AS id, count() AS copies FROM ${table} FINAL GROUP BY id`,
          )
          const sql = events.join(' UNION ALL ')
          const { body } = await ask<{ rows: { id: string; copies: number }[] }>(url, key, '/v1/query', { sql })
          return Object.fromEntries(body.rows.map((row) => [row.id, Number(row.copies)]))
        }
        const once = Object.fromEntries([...stored.interactions, ...stored.others, ...waiting].map((id) => [id, 1]))
        await drained(url, key)
        expect(await copies()).toEqual(once)
        const accounting = async () => (await ask(url, key, '/v1/accounting')).body
        expect(await accounting()).toMatchObject({
          stored: sums.stored + waiting.length,
          dead_lettered: sums.dead_lettered,
          repeats: sums.repeats,
          receipt_lines: sums.receipt_lines + waiting.length,
          created: sums.created + waiting.length,
          problems: [],
          balanced: true,
        })
        const letters = await ask<{ items: { event_id: string }[] }>(url, key, '/v1/dead-letters')
        expect(letters.body.items).toMatchObject([{ event_id: expected.dead }])

        const thumb = { type: 'feedback', id: nextId(), schema_version: 1, kind: 'thumb', label: 'up' }
        const ticketed = await fetch(`${url}/v1/events`, {
          method: 'POST',
          body: ndjson([{ ...thumb, ticket: expected.ticket }]),
          headers: { 'content-type': 'text/plain' },
        })
        expect(ticketed.status).toBe(202)
        if (Date.now() - Date.parse(expected.recorded_at) < ACCEPTED_MS) {
          for (const body of expected.bodies) expect((await ask(url, key, '/v1/events', body)).status).toBe(202)
        }
        await drained(url, key)
        expect(await copies()).toEqual({ ...once, [thumb.id]: 1 })
        expect(await accounting()).toMatchObject({ stored: sums.stored + waiting.length + 1, problems: [] })
        await server.stop()

        const after = await openEmbedded({ path: join(data, 'store') })
        const applied = await after.query<{ name: string }>('SELECT name FROM schema_migrations FINAL ORDER BY name')
        expect(applied.map((row) => row.name)).toEqual(all)
        // What migration 0005 changes in every table that takes events.
        const flushed = await after.query<{ name: string }>(
          `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine_full LIKE '%fsync_after_insert = 1%'`,
        )
        expect(flushed.map((row) => row.name)).toEqual(
          expect.arrayContaining(['consents', 'dead_letters', 'feedback', 'interactions', 'links', 'receipts']),
        )
        await after.close()
      } finally {
        await folder.remove()
      }
    },
  )
})
