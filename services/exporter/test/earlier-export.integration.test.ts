import { rm } from 'node:fs/promises'
import { type Database, getExport, insertRows } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ExportSummary, runExport } from '../src/index.js'
import { filesOf, PROJECT, ROW_KEY, START, seed, settled, store } from './support.js'

const at = (offset: number): string => new Date(START + offset).toISOString()
const recipe = { ...settled, name: 'mine', split: { validation: 0.5 } }

describe('an earlier export', () => {
  let db: Database
  let outDir: string
  let remove: () => Promise<void>
  let first: ExportSummary

  const run = (options: object): Promise<ExportSummary> =>
    runExport({ db, projectId: PROJECT, outDir, rowKey: ROW_KEY, now: () => new Date(), ...options })
  const splits = async (dir: string): Promise<Map<string, string>> => {
    const files = await filesOf(dir)
    const lines = Buffer.from(files['meta/assignments.jsonl'] ?? '', 'base64')
      .toString()
      .trim()
      .split('\n')
    return new Map(lines.map((line) => JSON.parse(line)).map(({ member, split }) => [member, split]))
  }

  beforeAll(async () => {
    // Twelve people; each has a row before and one after, which is older and arrives late: it would draw anew.
    const { interactions, feedback } = seed(24)
    for (const [n, row] of interactions.entries())
      Object.assign(row, { user_id: `u${n % 12}`, session_id: `s${n % 12}` })
    for (const [n, row] of feedback.entries()) row['author_id'] = `u${n % 12}`
    // The older half comes after the first export; of its last case the feedback alone.
    const opened = await store({ interactions: interactions.slice(11), feedback: feedback.slice(12) })
    db = opened.db
    outDir = opened.outDir
    remove = opened.remove
    first = await run({ recipe, watermark: at(1_000_000), parent: 'latest' })
    const late = (row: Record<string, unknown>): Record<string, unknown> => ({ ...row, received_at: at(2_000_000) })
    await insertRows(db, 'interactions', interactions.slice(0, 11).map(late))
    await insertRows(db, 'feedback', feedback.slice(0, 12).map(late))
  })
  afterAll(() => remove())

  it('is made once more from its id alone, byte for byte, after its folder was removed', async () => {
    const files = await filesOf(first.dir)
    const before = await getExport(db, PROJECT, first.export_id)
    await rm(first.dir, { recursive: true })
    const again = await run({ asOf: first.export_id })
    expect(again).toMatchObject({ export_id: first.export_id, reused: false, pairs: first.pairs })
    expect(await filesOf(again.dir)).toEqual(files)
    expect(await run({ asOf: first.export_id })).toMatchObject({ reused: true })
    expect(await getExport(db, PROJECT, first.export_id)).toEqual(before)
  })

  it('gives its splits to the next one, also those of people who have no row in it', async () => {
    const second = await run({ recipe, watermark: at(3_000_000), parent: 'latest' })
    const [before, after] = [await splits(first.dir), await splits(second.dir)]
    expect(new Set(before.values())).toEqual(new Set(['train', 'validation']))
    for (const [member, split] of before) expect(after.get(member)).toBe(split)
    expect(after.size).toBeGreaterThan(before.size)
    expect(second.pairs).toBeGreaterThan(first.pairs)
    // Some people have thumbs alone: no row here, and their split all the same.
    const edits = { ...recipe, strategies: ['edit.final'] }
    const third = await run({ recipe: edits, watermark: at(3_000_000), parent: 'latest' })
    expect(third).toMatchObject({ unpaired: 0 })
    expect(await splits(third.dir)).toEqual(after)
    // Run again it keeps its own parent, whatever is the latest by now.
    await rm(second.dir, { recursive: true })
    expect((await run({ asOf: second.export_id })).export_id).toBe(second.export_id)
    // A recipe with another rule of splitting starts anew.
    const fresh = await run({
      recipe: { ...recipe, split: { validation: 0.5, seed: 'x' } },
      watermark: at(3_000_000),
      parent: 'latest',
    })
    expect((await getExport(db, PROJECT, fresh.export_id))?.parent).toBe('')
  })

  it('that does not exist is not found, and one whose inputs are gone is refused', async () => {
    await expect(run({ asOf: '0'.repeat(64) })).rejects.toMatchObject({ code: 'not_found' })
    await db.command(
      `ALTER TABLE interactions DELETE WHERE id = '${seed().interactions[13]?.['id']}' SETTINGS mutations_sync = 2`,
    )
    await expect(run({ asOf: first.export_id })).rejects.toMatchObject({
      code: 'inputs_changed',
      message: expect.stringMatching(/2 of its inputs are gone or emptied \(1 interactions, 1 bodies\)/),
    })
  })

  it('that wrote files to train on from consent to evaluation alone is not made again', async () => {
    const row = await getExport(db, PROJECT, first.export_id)
    const summary = JSON.parse(row?.summary ?? '{}') as { recipe: object }
    const evaluated = { ...summary, recipe: { ...summary.recipe, purpose: 'evaluate' } }
    await insertRows(db, 'exports', [{ ...row, id: 'e'.repeat(64), summary: JSON.stringify(evaluated) }])
    await expect(run({ asOf: 'e'.repeat(64) })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('name "targets": ["evaluation"]'),
    })
  })
})
