import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '@flywheel/curation'
import { type Database, getExport, insertRows } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ExportSummary, runExport } from '../src/index.js'
import { filesOf, PROJECT, ROW_KEY, START, seed, settled, store, uuid } from './support.js'

const at = (offset: number): string => new Date(START + offset).toISOString()
const recipe = { ...settled, name: 'chain', mode: 'delta' as const }

describe('exports of a recipe that makes deltas', () => {
  let db: Database
  let outDir: string
  let remove: () => Promise<void>
  const run = (watermark: string, more: object = {}): Promise<ExportSummary> =>
    runExport({
      db,
      projectId: PROJECT,
      outDir,
      rowKey: ROW_KEY,
      now: () => new Date(),
      recipe,
      watermark,
      parent: 'latest',
      ...more,
    })
  const lines = async (dir: string, name: string): Promise<Record<string, unknown>[]> =>
    (await readFile(join(dir, 'meta', name), 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  const manifestOf = async ({ manifest_path }: ExportSummary): Promise<Manifest> =>
    JSON.parse(await readFile(manifest_path, 'utf8'))
  const idsIn = async (dir: string): Promise<string[]> => {
    const files = Object.keys(await filesOf(dir)).filter((name) => /^meta\/.*(train|validation)-/.test(name))
    const rows = await Promise.all(files.map((name) => lines(dir, name.slice('meta/'.length))))
    return rows
      .flat()
      .map(({ row_id }) => String(row_id))
      .sort()
  }

  beforeAll(async () => {
    const { interactions, feedback } = seed(24)
    const late = (row: Record<string, unknown>): Record<string, unknown> => ({ ...row, received_at: at(2_000_000) })
    const opened = await store({ interactions: interactions.slice(12), feedback: feedback.slice(12) })
    db = opened.db
    outDir = opened.outDir
    remove = opened.remove
    await insertRows(db, 'interactions', interactions.slice(0, 12).map(late))
    await insertRows(db, 'feedback', feedback.slice(0, 12).map(late))
    // Somebody corrects a correction of the first export, long after it.
    const [corrected] = feedback.slice(12).filter((row) => row['kind'] === 'correction')
    const kept = 'The parcel was lost; another one is on its way today.'
    const again = { ...corrected, id: uuid(START + 2_500_000, 1), kept, received_at: at(2_500_050) }
    await insertRows(db, 'feedback', [again])
  })
  afterAll(() => remove())

  it('begin with everything, then hold what is new and say which rows no longer stand', async () => {
    const base = await run(at(1_000_000))
    expect(await manifestOf(base)).toMatchObject({ kind: 'full', parent: null })
    const delta = await run(at(3_000_000))
    const manifest = await manifestOf(delta)
    const replaced = (await lines(delta.dir, 'supersedes.jsonl')).filter(({ reason }) => reason === 'replaced')
    expect(manifest).toMatchObject({ kind: 'delta', parent: base.export_id, supersedes: { replaced: replaced.length } })
    expect(replaced.length).toBeGreaterThan(0)
    expect(await getExport(db, PROJECT, delta.export_id)).toMatchObject({ kind: 'delta', parent: base.export_id })
    expect(await readFile(join(delta.dir, 'README.md'), 'utf8')).toContain('meta/supersedes.jsonl')

    const gone = new Set((await lines(delta.dir, 'supersedes.jsonl')).map(({ row_id }) => row_id))
    const union = [...(await idsIn(base.dir)).filter((id) => !gone.has(id)), ...(await idsIn(delta.dir))].sort()
    const full = await run(at(3_000_000), { recipe: { ...recipe, mode: 'full' }, parent: undefined })
    expect(union).toEqual(await idsIn(full.dir))

    expect(await run(at(3_000_000))).toMatchObject({ export_id: delta.export_id, reused: true })
    expect(await run('', { asOf: delta.export_id })).toMatchObject({ export_id: delta.export_id, reused: true })
    await expect(run(at(4_000_000))).rejects.toMatchObject({
      code: 'nothing_to_export',
      message: expect.stringContaining('nothing is new or changed'),
    })
  })

  it('are published where rows only went, with no shard', async () => {
    const withdrawn = { subject_kind: 'project', subject: PROJECT, purpose: 'train', label: 'withdrawn', basis: '' }
    const times = { applies_from: at(5_000_000), occurred_at: at(5_000_000), received_at: at(5_000_050) }
    const server = { project_id: PROJECT, trust: 'server', source: 'log/0:9999', schema_version: 1 }
    const until = { body_until: '2100-01-01T00:00:00.000Z', row_until: '2100-01-01T00:00:00.000Z' }
    await insertRows(db, 'consents', [{ id: uuid(START + 5_000_000, 7), ...server, ...withdrawn, ...times, ...until }])
    const last = await run(at(6_000_000))
    const { supersedes, statistics } = await manifestOf(last)
    expect(supersedes?.retracted).toBeGreaterThan(0)
    expect(statistics.rows).toEqual({ preference: 0, unpaired: 0, supervised: 0 })
    expect(await lines(last.dir, 'chain.jsonl')).toEqual([])
    expect(last.first_row).toBeNull()
  })
})
