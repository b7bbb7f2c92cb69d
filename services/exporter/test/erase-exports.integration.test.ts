import { createHmac } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalJson, FORMATS, readRecords } from '@flywheel/curation'
import {
  type Database,
  exportItems,
  getExport,
  insertRows,
  listExports,
  recordExport,
  recordExportItems,
} from '@flywheel/store'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { eraseExport } from '../src/erase-export.js'
import { type ErasedExport, type ExportSummary, eraseFromExports, runExport } from '../src/index.js'
import { readPublished } from '../src/publish.js'
import { removeUnrecorded } from '../src/unrecorded.js'
import {
  ERASURE_KEY,
  eraseUser,
  filesOf,
  PROJECT,
  ROW_KEY,
  START,
  seed,
  settled,
  store,
  uuid,
  WATERMARK,
} from './support.js'

const WATERMARK_MS = Date.parse(WATERMARK)
const now = (): Date => new Date()

describe('eraseFromExports', () => {
  let db: Database
  let outDir: string
  let remove: () => Promise<void>
  let first: ExportSummary

  const run = (watermark: string, parent?: string): Promise<ExportSummary> =>
    runExport({ db, projectId: PROJECT, recipe: settled, watermark, parent, outDir, rowKey: ROW_KEY, now })
  const erase = (): Promise<ErasedExport[]> =>
    eraseFromExports({ db, projectId: PROJECT, rowKey: ROW_KEY, erasureKey: ERASURE_KEY, outDir, now })

  beforeEach(async () => {
    ;({ db, outDir, remove } = await store())
    first = await run(WATERMARK)
  })
  afterEach(() => remove())

  const tombstone = (user: string): Promise<void> => eraseUser(db, user)

  const withdraw = (user: string, received_at: string): Promise<void> => consent('withdrawn', user, received_at)

  async function consent(label: string, user: string, received_at: string): Promise<void> {
    const times = { applies_from: received_at, occurred_at: received_at, received_at }
    const limits = { body_until: '2100-01-01T00:00:00.000Z', row_until: '2100-01-01T00:00:00.000Z' }
    const said = { subject_kind: 'user', subject: user, purpose: 'train', label }
    const id = '0198c000-0000-7000-8000-00000000000f'
    const server = { project_id: PROJECT, trust: 'server', source: 'log/0:999', id, schema_version: 1 }
    await insertRows(db, 'consents', [{ ...server, ...said, ...times, ...limits }])
  }

  /** Cases of the seed that stand in any file below the folder; Parquet is read as its loader reads it. */
  async function casesIn(folder: string): Promise<Set<number>> {
    const found = new Set<number>()
    for (const [name, text] of Object.entries(await filesOf(folder))) {
      const bytes = Buffer.from(text, 'base64')
      const format = FORMATS.find(({ extension }) => extension === 'parquet' && name.endsWith('.parquet'))
      const plain = format === undefined ? bytes.toString() : JSON.stringify(await readRecords(format, bytes))
      for (const [, number] of plain.matchAll(/Case (\d+):/g)) found.add(Number(number))
    }
    return found
  }

  const casesOf = (user: number): number[] => [0, 1, 2, 3, 4].map((n) => n * 5 + user).filter((n) => n < 24)
  const memberOf = (name: string): string =>
    createHmac('sha256', ROW_KEY)
      .update(canonicalJson([name]))
      .digest('hex')
      .slice(0, 32)

  it('replaces an export by one without the person, byte for byte as it was but for what is gone', async () => {
    const before = await casesIn(first.dir)
    for (const number of casesOf(1)) expect(before).toContain(number)
    const items = await exportItems(db, PROJECT, first.export_id)
    await tombstone('u1')
    const [erased, ...others] = await erase()
    expect(others).toEqual([])
    expect(erased).toMatchObject({ export_id: first.export_id, outcome: 'rewritten' })

    // Nothing of the person is in any file of any export, the old one's folder among them.
    const left = await casesIn(outDir)
    expect([...left].sort((a, b) => a - b)).toEqual([...before].filter((n) => n % 5 !== 1).sort((a, b) => a - b))
    const place = join(outDir, erased!.replaced_by!)
    const published = await readPublished(place)
    const manifest = published!.manifest as unknown as Record<string, unknown>
    expect(manifest).toMatchObject({ kind: 'erasure', parent: first.export_id, export_id: erased!.replaced_by })
    const mine = items.filter(({ event_ids }) =>
      event_ids.some((id) => casesOf(1).includes(Number.parseInt(id.slice(-12), 16))),
    )
    expect(mine.length).toBeGreaterThan(0)
    expect(manifest['erased']).toMatchObject({
      rows: { erased: mine.length, withdrawn: 0 },
      figures_of: first.export_id,
    })
    const rowIds = new Set(mine.map(({ row_id }) => row_id))
    const list = (await readFile(join(place, 'meta/erased.jsonl'), 'utf8')).trim().split('\n')
    expect(list.map((line) => JSON.parse(line))).toEqual(
      [...rowIds].sort().map((row_id) => ({ row_id, reason: 'erased' })),
    )
    for (const [name, text] of Object.entries(await filesOf(place))) {
      if (name === 'meta/erased.jsonl') continue
      for (const id of rowIds) expect(Buffer.from(text, 'base64').includes(id), name).toBe(false)
    }
    // The sidecar's n-th line is still about the n-th row.
    const lines = async (name: string) => (await readFile(join(place, name), 'utf8')).trim().split('\n')
    const sides = (await lines('meta/preference-train-00000-of-00001.jsonl')).map((line) => JSON.parse(line))
    const rows = (await lines('preference/train-00000-of-00001.jsonl')).map((line) => JSON.parse(line))
    expect(rows).toHaveLength(sides.length)
    expect(rows.map((row) => [...row.chosen[0].content].length)).toEqual(sides.map((side) => side.chosen_chars))

    const assignments = await readFile(join(place, 'meta/assignments.jsonl'), 'utf8')
    expect(assignments).not.toContain(memberOf('user:u1'))
    expect(assignments).toContain(memberOf('user:u2'))
    expect((await exportItems(db, PROJECT, erased!.replaced_by!)).map(({ row_id }) => row_id)).toEqual(
      items.map(({ row_id }) => row_id).filter((id) => !rowIds.has(id)),
    )
    expect(await exportItems(db, PROJECT, first.export_id)).toEqual([])
    expect(await getExport(db, PROJECT, first.export_id)).toMatchObject({ status: 'superseded' })
    expect(await readFile(join(place, 'README.md'), 'utf8')).toContain(`less ${mine.length} rows of people`)

    expect(await erase()).toEqual([])
    // It can be made again no more, and what comes next keeps the splits of what is left.
    await expect(run(WATERMARK)).rejects.toMatchObject({ code: 'inputs_changed' })
    await expect(
      runExport({ db, projectId: PROJECT, asOf: first.export_id, outDir, rowKey: ROW_KEY, now }),
    ).rejects.toMatchObject({
      code: 'inputs_changed',
      message: expect.stringContaining('cannot be made again: rows of it'),
    })
    const next = await run(new Date(START + 3_600_001).toISOString(), 'latest')
    expect(await getExport(db, PROJECT, next.export_id)).toMatchObject({ parent: erased!.replaced_by })
  })

  it('leaves an export that another process has replaced since it was listed', async () => {
    const listed = await getExport(db, PROJECT, first.export_id)
    const rowsOf = async (user: number) =>
      (await exportItems(db, PROJECT, first.export_id))
        .filter(({ event_ids }) => event_ids.some((id) => casesOf(user).includes(Number.parseInt(id.slice(-12), 16))))
        .map(({ row_id }) => [row_id, 'erased'] as const)
    const rows = new Map([...(await rowsOf(1)), ...(await rowsOf(2))])
    await tombstone('u1')
    const [done] = await erase()
    const removal = {
      rows,
      erasedAnywhere: new Set(rows.keys()),
      erasures: new Set<string>(),
      members: new Set<string>(),
    }
    expect(await eraseExport(db, outDir, listed!, removal, now)).toBeNull()
    const published = (await listExports(db, PROJECT)).filter(({ status }) => status === 'published')
    expect(published.map(({ id }) => id)).toEqual([done?.replaced_by])
    await tombstone('u2')
    await erase()
    const left = await casesIn(outDir)
    for (const number of [...casesOf(1), ...casesOf(2)]) expect(left).not.toContain(number)
  })

  it('takes the person out of the assignments of an export that has no row of theirs', async () => {
    const second = await run(new Date(START + 3_600_001).toISOString(), first.export_id)
    await db.command('ALTER TABLE export_items DELETE WHERE export_id = {id:String} SETTINGS mutations_sync = 2', {
      id: second.export_id,
    })
    await tombstone('u3')
    const done = await erase()
    expect(done.map(({ export_id }) => export_id).sort()).toEqual([first.export_id, second.export_id].sort())
    for (const { replaced_by } of done) {
      const text = await readFile(join(outDir, replaced_by!, 'meta/assignments.jsonl'), 'utf8')
      expect(text).not.toContain(memberOf('user:u3'))
    }
    for (const id of [first.export_id, second.export_id])
      expect(await readdir(join(outDir, id, 'meta'))).not.toContain('assignments.jsonl')
  })

  it('takes rows out whose consent was withdrawn after the export, and says why', async () => {
    expect(await erase()).toEqual([])
    await withdraw('u2', new Date(START + 3_700_000).toISOString())
    const [done] = await erase()
    const left = await casesIn(outDir)
    for (const number of casesOf(2)) expect(left).not.toContain(number)
    expect(left.size).toBeGreaterThan(0)
    const list = await readFile(join(outDir, done!.replaced_by!, 'meta/erased.jsonl'), 'utf8')
    expect(list).toContain('"reason":"withdrawn"')
    expect(list).not.toContain('"reason":"erased"')
    // Who withdrew is not forgotten: a later grant must find them on the same side of the split.
    const assignments = await readFile(join(outDir, done!.replaced_by!, 'meta/assignments.jsonl'), 'utf8')
    expect(assignments).toContain(memberOf('user:u2'))
    await expect(run(WATERMARK)).rejects.toMatchObject({ code: 'inputs_changed' })
  })

  it("takes the person out of every target's shards, and drops none of them", async () => {
    const targets = ['trl', 'openai', 'tinker', 'axolotl', 'llama-factory', 'nemo-rl', 'hub', 'verifiers']
    const made = await runExport({
      db,
      projectId: PROJECT,
      recipe: { ...settled, targets },
      watermark: new Date(START + 3_600_001).toISOString(),
      outDir,
      rowKey: ROW_KEY,
      now,
    })
    const before = (await readPublished(made.dir))!.manifest
    expect(before.files.length).toBeGreaterThan(30)
    await tombstone('u1')
    const done = (await erase()).find(({ export_id }) => export_id === made.export_id)
    const after = (await readPublished(join(outDir, done!.replaced_by!)))!.manifest
    const paths = (manifest: typeof before) => manifest.files.map(({ path }) => path).sort()
    expect(paths(after)).toEqual([...paths(before), 'meta/erased.jsonl'].sort())
    const left = await casesIn(outDir)
    for (const number of casesOf(1)) expect(left).not.toContain(number)
    expect(left.size).toBeGreaterThan(0)
  })

  it('names no shard to a loader that is no more, and counts what is left', async () => {
    const recipe = { ...settled, targets: ['hub', 'llama-factory', 'axolotl'] }
    const about = { db, projectId: PROJECT, outDir, rowKey: ROW_KEY, now }
    const made = await runExport({ ...about, recipe, watermark: new Date(START + 3_600_001).toISOString() })
    const unpaired = (await exportItems(db, PROJECT, made.export_id)).filter(({ config }) => config === 'unpaired')
    const rows = new Map(unpaired.map(({ row_id }) => [row_id, 'withdrawn'] as const))
    const none = { erasedAnywhere: new Set<string>(), erasures: new Set<string>(), members: new Set<string>() }
    const done = await eraseExport(db, outDir, (await getExport(db, PROJECT, made.export_id))!, { rows, ...none }, now)
    const place = join(outDir, done!.replaced_by!)
    const { manifest } = (await readPublished(place))!
    expect(manifest.files.some(({ shape }) => shape === 'unpaired')).toBe(false)
    const extras = manifest.files.filter(({ shape }) => shape === 'extra').map(({ path }) => path)
    expect(extras.map((path) => path.split('/')[0])).toEqual(expect.arrayContaining(['hub', 'llama-factory']))
    for (const path of extras) expect(await readFile(join(place, path), 'utf8'), path).not.toMatch(/unpaired[/_]/)
    const shards = manifest.files.filter(({ target, shape }) => target === 'hub' && shape === 'preference')
    const card = await readFile(join(place, 'hub/README.md'), 'utf8')
    expect(card).toContain(`| preference | train | ${shards[0]?.rows} |`)
    expect(manifest.targets.find(({ target, part }) => target === 'hub' && part === 'unpaired')?.rows).toBe(0)
    expect(manifest.targets.find(({ target, part }) => target === 'hub' && part === 'preference')?.rows).toBe(
      made.pairs,
    )
  })

  describe('of a recipe that makes deltas', () => {
    const delta = (watermark: number, parent?: string): Promise<ExportSummary> => {
      const recipe = { ...settled, name: 'chain', mode: 'delta' as const }
      const about = { db, projectId: PROJECT, outDir, rowKey: ROW_KEY, now }
      return runExport({ ...about, recipe, watermark: new Date(watermark).toISOString(), parent })
    }
    /** Row ids of every export so far behind which the user stands. */
    async function idsOf(user: number): Promise<string[]> {
      const exports = await listExports(db, PROJECT)
      const items = await Promise.all(exports.map(({ id }) => exportItems(db, PROJECT, id)))
      const mine = items
        .flat()
        .filter(({ event_ids }) => event_ids.some((id) => casesOf(user).includes(Number.parseInt(id.slice(-12), 16))))
      return [...new Set(mine.map(({ row_id }) => row_id))]
    }
    const linesOf = async (id: string, name: string): Promise<Record<string, unknown>[]> =>
      (await readFile(join(outDir, id, 'meta', name), 'utf8'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>)

    it('leaves no line about a row of the person in a later delta, though it held none of the rows', async () => {
      const base = await delta(START + 36_000)
      const later = await delta(WATERMARK_MS, base.export_id)
      const mine = await idsOf(1)
      const named = (await linesOf(later.export_id, 'chain.jsonl')).map(({ row_id }) => row_id)
      const own = (await exportItems(db, PROJECT, later.export_id)).map(({ row_id }) => row_id)
      expect(mine.some((id) => named.includes(id) && !own.includes(id))).toBe(true)
      await tombstone('u1')
      await erase()
      const published = (await listExports(db, PROJECT)).filter(({ status }) => status === 'published')
      expect(published).toHaveLength(3)
      for (const { id } of published)
        for (const [name, text] of Object.entries(await filesOf(join(outDir, id)))) {
          if (name === 'meta/erased.jsonl') continue
          for (const row of mine) expect(Buffer.from(text, 'base64').includes(row), `${id} ${name}`).toBe(false)
        }
      expect(await erase()).toEqual([])
    })

    it('names no row of the person as the one in the place of another', async () => {
      const base = await delta(WATERMARK_MS)
      // Somebody else corrects what stands since the base export.
      const kept = 'The parcel was lost; another one is on its way today.'
      const target = seed().interactions[7]?.['id']
      await consent('granted', 'u77', new Date(WATERMARK_MS - 1000).toISOString())
      const said = seed().feedback.find((row) => row['target'] === target)
      const received_at = new Date(WATERMARK_MS + 1000).toISOString()
      const again = { ...said, id: uuid(WATERMARK_MS, 1), author_id: 'u77', kept, received_at }
      await insertRows(db, 'feedback', [again])
      const later = await delta(WATERMARK_MS + 2000, base.export_id)
      const before = await linesOf(later.export_id, 'supersedes.jsonl')
      const replaced = before.filter(({ reason }) => reason === 'replaced')
      expect(replaced.length).toBeGreaterThan(0)
      await tombstone('u77')
      const done = (await erase()).find(({ export_id }) => export_id === later.export_id)
      const after = await linesOf(done!.replaced_by!, 'supersedes.jsonl')
      expect(after.map(({ row_id }) => row_id)).toEqual(before.map(({ row_id }) => row_id))
      const successors = replaced.map(({ by }) => by)
      expect(after.some(({ by }) => successors.includes(by))).toBe(false)
      expect(after).toContainEqual({ ...replaced[0], by: null, reason: 'retracted' })
    })
  })

  it('goes on where a crash left it: files of a superseded export that are still there go', async () => {
    const shard = join(first.dir, 'preference/train-00000-of-00001.jsonl')
    const bytes = await readFile(shard)
    const items = await exportItems(db, PROJECT, first.export_id)
    await tombstone('u1')
    await erase()
    await expect(readFile(shard)).rejects.toMatchObject({ code: 'ENOENT' })
    await writeFile(shard, bytes)
    await recordExportItems(db, items)
    await erase()
    expect(await exportItems(db, PROJECT, first.export_id)).toEqual([])
    await expect(readFile(shard)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readFile(join(first.dir, 'superseded-by.json'), 'utf8')).toContain('export_id')
  })

  it('removes an export whose run was killed before the store knew it: no list names it, and its texts are anybody’s', async () => {
    const insert = db.insert.bind(db)
    const killed = vi.spyOn(db, 'insert').mockImplementation(async (table, ...rest) => {
      if (table === 'exports') throw new Error('killed')
      await insert(table, ...rest)
    })
    await expect(run(new Date(START + 3_600_001).toISOString())).rejects.toThrow('killed')
    killed.mockRestore()
    const others = async () => (await readdir(outDir)).filter((name) => name !== first.export_id)
    const [left = ''] = await others()
    expect(left).toMatch(/^[0-9a-f]{64}$/)
    expect(await exportItems(db, PROJECT, left)).not.toEqual([])
    await tombstone('u1')
    const [done] = await erase()
    expect(await others()).toEqual([done?.replaced_by])
    expect(await exportItems(db, PROJECT, left)).toEqual([])
    expect(await readdir(join(outDir, done!.replaced_by!))).not.toContain('unrecorded.json')
  })

  it('leaves an export that a run is about to record, and one of another project', async () => {
    const row = (await getExport(db, PROJECT, first.export_id))!
    const soon = 'a'.repeat(64)
    const theirs = 'b'.repeat(64)
    for (const [id, project_id] of [
      [soon, PROJECT],
      [theirs, 'p2'],
    ] as const) {
      await mkdir(join(outDir, id))
      await writeFile(join(outDir, id, 'unrecorded.json'), JSON.stringify({ project_id }))
    }
    await removeUnrecorded({ db, projectId: PROJECT, outDir }, () => recordExport(db, { ...row, id: soon }))
    expect(await readdir(join(outDir, soon))).toEqual([])
    expect(await readdir(join(outDir, theirs))).toEqual(['unrecorded.json'])
  })

  it('removes a folder that is not what its manifest says, and names one that is not there', async () => {
    await writeFile(join(first.dir, 'preference/train-00000-of-00001.jsonl'), '{}\n')
    await tombstone('u1')
    expect(await erase()).toEqual([expect.objectContaining({ outcome: 'removed', replaced_by: null })])
    await expect(readdir(first.dir)).rejects.toMatchObject({ code: 'ENOENT' })
    // Killed before the folder went: the next pass knows that it must go.
    await mkdir(first.dir)
    await writeFile(join(first.dir, 'README.md'), 'Case 1:')
    expect(await erase()).toEqual([])
    await expect(readdir(first.dir)).rejects.toMatchObject({ code: 'ENOENT' })
    const second = await run(new Date(START + 3_600_001).toISOString())
    await tombstone('u2')
    const elsewhere = join(outDir, 'elsewhere')
    const done = await eraseFromExports({
      db,
      projectId: PROJECT,
      rowKey: ROW_KEY,
      erasureKey: ERASURE_KEY,
      outDir: elsewhere,
      now,
    })
    expect(done).toEqual([expect.objectContaining({ export_id: second.export_id, outcome: 'missing' })])
    expect((await listExports(db, PROJECT)).find(({ id }) => id === second.export_id)?.status).toBe('published')
  })
})
