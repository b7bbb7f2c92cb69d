import { readFile } from 'node:fs/promises'
import { COLUMN_TYPES, type ColumnType, EVENT_TYPES, RESERVED_FIELDS } from '@flywheel/schema'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, EVENT_TABLES } from '../src/index.js'
import { feedback, freshStore, interaction, ndjson, server, uuid } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

/** A column's type as the schema names it: words and JSON are strings here. */
function wireType(type: string): string {
  return type
    .replace(/LowCardinality\(([^()]*)\)/g, '$1')
    .replace(/^Nullable\((.*)\)$/, '$1')
    .replace("DateTime64(3, 'UTC')", 'DateTime64(3)')
}
const stored = (type: ColumnType) => (type === 'Enum' || type === 'JSON' ? 'String' : type)

describe.each(EVENT_TYPES)('%s', (type) => {
  test('columns are the wire fields and the reserved names, with the same types', async () => {
    const columns = await db.query<{ name: string; type: string; default_kind: string }>(
      'SELECT name, type, default_kind FROM system.columns WHERE database = currentDatabase() AND table = {table:String}',
      { table: EVENT_TABLES[type] },
    )
    const reserved = new Set<string>(RESERVED_FIELDS)
    const own = columns.filter((column) => !reserved.has(column.name))
    expect(Object.fromEntries(own.map((column) => [column.name, wireType(column.type)]))).toEqual(
      Object.fromEntries(Object.entries(COLUMN_TYPES[type]).map(([name, wire]) => [name, stored(wire)])),
    )
    // What is MATERIALIZED is computed again when a body is updated: only what no update changes may be so.
    expect(columns.filter((column) => column.default_kind === 'MATERIALIZED').map((column) => column.name)).toEqual([
      't',
      'version',
    ])
    for (const column of columns.filter((each) => each.type.includes('DateTime'))) {
      expect(column.type, column.name).toBe("DateTime64(3, 'UTC')")
    }
  })
})

test('every fixture that the decoder accepts goes in as it is', async () => {
  const folder = new URL('../../schema/fixtures/v1/', import.meta.url)
  const files = { interaction: 'interactions', feedback: 'feedback', link: 'links', consent: 'consents' } as const
  for (const type of EVENT_TYPES) {
    const lines = (await readFile(new URL(`${files[type]}.ndjson`, folder), 'utf8')).split('\n').filter(Boolean)
    const accepted = (await readFile(new URL(`${files[type]}.expected.ndjson`, folder), 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { ok: boolean; id: string; rewritten?: string })
    const events = lines
      .map((line, index) => accepted[index]!.rewritten ?? line)
      .filter((_, index) => accepted[index]!.ok)
      // The collector writes the target of a ticket in its place.
      .map((line) =>
        'ticket' in JSON.parse(line) ? line.replace('{', '{"target_kind":"ref","target":"ticketed",') : line,
      )
    expect(events.length).toBeGreaterThan(2)
    const header = JSON.stringify(server({ project_id: 'fixtures' })).slice(0, -1)
    await db.insert(EVENT_TABLES[type], ndjson(...events.map((line) => `${header},${line.trimStart().slice(1)}`)))
    const rows = await db.query<{ id: string }>(
      "SELECT id FROM {table:Identifier} FINAL WHERE project_id = 'fixtures' ORDER BY id",
      { table: EVENT_TABLES[type] },
    )
    const ids = new Set(accepted.filter((each) => each.ok).map((each) => each.id))
    expect(new Set(rows.map((row) => row.id))).toEqual(ids)
    expect(rows).toHaveLength(ids.size)
  }
})

test('what goes in comes out: every number, text, list and map of a wire type', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((value) => !value.includes('\0'))
  const values = fc.record({
    task: text,
    session_id: text,
    tags: fc.array(text, { maxLength: 4 }),
    metadata: fc.dictionary(text, text, { maxKeys: 4 }),
    usage_input_tokens: fc.option(fc.integer({ min: 0, max: 4_294_967_295 })),
    duration_ms: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    has_text: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 30 }), async (rows) => {
      const ids = rows.map(() => uuid())
      await db.insert('interactions', ndjson(...rows.map((row, index) => interaction({ ...row, id: ids[index] }))))
      const found = await db.query<{ id: string }>(
        `SELECT id, task, session_id, tags, metadata, usage_input_tokens, duration_ms, has_text FROM interactions FINAL
         WHERE id IN {ids:Array(UUID)}`,
        { ids },
      )
      const byId = new Map(found.map(({ id, ...row }) => [id, row]))
      for (const [index, row] of rows.entries()) {
        // Negative zero has no spelling in JSON.
        const duration_ms = row.duration_ms === 0 ? 0 : row.duration_ms
        expect(byId.get(ids[index]!)).toEqual({ ...row, duration_ms, metadata: { ...row.metadata } })
      }
    }),
    { numRuns: 15 },
  )
})

test('JSON of their own keeps its bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      const raw = JSON.stringify([value, '12345678901234567890']).replace(
        '"12345678901234567890"',
        '12345678901234567890',
      )
      const id = uuid()
      const line = JSON.stringify(feedback({ id, kind: 'copy', target_kind: 'ref', target: 'x' })).replace(
        /}$/,
        () => `,"kept_json":${raw}}`,
      )
      await db.insert('feedback', Buffer.from(line))
      expect(await db.query('SELECT kept_json FROM feedback WHERE id = {id:UUID}', { id })).toEqual([
        { kept_json: raw },
      ])
    }),
    { numRuns: 40 },
  )
})
