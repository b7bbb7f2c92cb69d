import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest, RecipeInput } from '@flywheel/curation'
import { FORMATS, readRecords, TARGETS } from '@flywheel/curation'
import type { Database } from '@flywheel/store'
import { getExport, insertRows } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ExportSummary, runExport } from '../src/index.js'
import { filesOf, PROJECT, ROW_KEY, START, seed, settled, store, WATERMARK } from './support.js'

const now = (): Date => new Date()

describe('runExport', () => {
  let db: Database
  let root: string
  let remove: () => Promise<void>
  let first: ExportSummary
  let files: Record<string, string>

  const run = (outDir: string, watermark: string = WATERMARK): Promise<ExportSummary> =>
    runExport({ db, projectId: PROJECT, recipe: settled, watermark, outDir, rowKey: ROW_KEY, now })

  beforeAll(async () => {
    const opened = await store()
    db = opened.db
    root = opened.outDir
    remove = opened.remove
    first = await run(join(root, 'a'))
    files = await filesOf(first.dir)
  })
  afterAll(() => remove())

  it('publishes rows, a card and a manifest, and records the export', async () => {
    expect(first).toMatchObject({ pairs: 16, unpaired: 8, supervised: 16, reused: false })
    expect(Object.keys(files).some((name) => name === 'preference/train-00000-of-00001.parquet')).toBe(true)
    expect(files['README.md']).toBeDefined()
    expect(first.first_row).toHaveProperty('chosen')
    const recorded = await getExport(db, PROJECT, first.export_id)
    expect(recorded).toMatchObject({ status: 'published', path: first.dir })
    const items = await db.query<{ n: string }>('SELECT count() AS n FROM export_items FINAL')
    expect(Number(items[0]?.n)).toBe(40)
  })

  it('keeps the polarity from the store to every file: what people wrote is chosen, what was served is rejected', async () => {
    let pairs = 0
    for (const format of FORMATS) {
      for (const name of Object.keys(files).filter(
        (each) => /^(preference|supervised)/.test(each) && each.endsWith(format.extension),
      )) {
        const records = await readRecords(format, Buffer.from(files[name] ?? '', 'base64'))
        for (const { chosen, rejected, completion } of records) {
          expect(JSON.stringify(chosen ?? completion), format.id).toContain('Sorry for the wait.')
          expect(JSON.stringify(chosen ?? completion), format.id).not.toContain('we think')
          if (name.startsWith('supervised')) continue
          expect(JSON.stringify(rejected), format.id).toContain('we think')
          expect(JSON.stringify(rejected), format.id).not.toContain('Sorry for the wait.')
          pairs++
        }
      }
    }
    expect(pairs).toBe(2 * first.pairs)
  })

  it('publishes for every target what its loader reads', async () => {
    const targets = TARGETS.map(({ id }) => id)
    const made = await runExport({
      db,
      projectId: PROJECT,
      recipe: { ...settled, targets },
      watermark: WATERMARK,
      outDir: join(root, 'targets'),
      rowKey: ROW_KEY,
      now,
    })
    const all = await filesOf(made.dir)
    const manifest = JSON.parse(await readFile(made.manifest_path, 'utf8')) as {
      targets: { target: string; part: string; rows: number }[]
    }
    // Nothing is held out here: what is has its own test.
    for (const { id } of TARGETS.filter((target) => target.id !== 'evaluation')) {
      const rows = manifest.targets.filter(({ target }) => target === id).reduce((sum, part) => sum + part.rows, 0)
      expect(rows, id).toBeGreaterThan(0)
    }
    for (const name of ['axolotl/preference.yaml', 'llama-factory/dataset_info.json', 'hub/README.md'])
      expect(all[name]).toBeDefined()
    expect(Buffer.from(all['README.md'] ?? '', 'base64').toString()).toContain('### LLaMA-Factory')
  })

  it('leaves out what repeats an evaluation set that was registered after an export, under another id (case 24)', async () => {
    const outDir = join(root, 'evaluation')
    await mkdir(join(outDir, 'evaluation-sets'), { recursive: true })
    const write = (items: string[]): Promise<void> =>
      writeFile(
        join(outDir, 'evaluation-sets', 'exam.jsonl'),
        items.map((item) => `${JSON.stringify(item)}\n`).join(''),
      )
    const recipe = { ...settled, decontaminate: { sets: ['exam'] } }
    const made = (): Promise<ExportSummary> =>
      runExport({ db, projectId: PROJECT, recipe, watermark: WATERMARK, outDir, rowKey: ROW_KEY, now })
    await expect(made()).rejects.toThrow('exam.jsonl')
    await write(['When does the parcel of order 7 arrive, on Monday or on Tuesday of next week?'])
    const before = await made()
    expect(before.pairs).toBe(first.pairs)
    await write(['Case 1: when does the parcel of order 7 arrive?'])
    const after = await made()
    expect(after.export_id).not.toBe(before.export_id)
    expect([after.pairs, after.supervised]).toEqual([first.pairs - 1, first.supervised - 1])
    const { contamination } = JSON.parse(await readFile(after.manifest_path, 'utf8')) as Manifest
    expect(contamination.sets).toEqual([{ set: 'exam', items: 1, too_short: 0, rows: 2 }])
    expect(contamination.hashes).toHaveLength(1)
  })

  it('reuses a whole export and mends a damaged one', async () => {
    const again = await run(join(root, 'a'))
    expect(again).toMatchObject({ export_id: first.export_id, reused: true })
    await writeFile(join(first.dir, 'preference/train-00000-of-00001.jsonl'), '{}\n')
    expect((await run(join(root, 'a'))).reused).toBe(false)
    expect(await filesOf(first.dir)).toEqual(files)
    expect((await readdir(join(root, 'a'))).sort()).toEqual([first.export_id])
  })

  it('publishes one whole set where two runs make the same at the same time, each whose lease was lost', async () => {
    const runs = await Promise.all([run(join(root, 'twice')), run(join(root, 'twice'))])
    expect(runs.map(({ export_id, dir }) => [export_id, dir])).toEqual(
      runs.map(() => [first.export_id, join(root, 'twice', first.export_id)]),
    )
    expect(runs.map(({ reused }) => reused).sort()).toEqual([false, true])
    expect(await readdir(join(root, 'twice'))).toEqual([first.export_id])
    expect(await filesOf(runs[0]?.dir ?? '')).toEqual(files)
    // The record names one folder: the one that the other tests look at.
    await run(join(root, 'a'))
  })

  it('writes the same bytes after OPTIMIZE and after every id came once more, before and after the watermark', async () => {
    const late = (rows: Record<string, unknown>[], received_at: string): Record<string, unknown>[] =>
      rows.map((row) => ({ ...row, received_at, source: 'log/0:9999' }))
    const { interactions, feedback } = seed()
    for (const at of [new Date(START + 3_000_000).toISOString(), new Date(START + 7_200_000).toISOString()]) {
      await insertRows(db, 'interactions', late(interactions, at))
      await insertRows(db, 'feedback', late(feedback, at))
    }
    const beforeMerge = await run(join(root, 'b'))
    for (const table of ['interactions', 'feedback']) await db.command(`OPTIMIZE TABLE ${table} FINAL`)
    const afterMerge = await run(join(root, 'c'))
    expect(beforeMerge.export_id).toBe(first.export_id)
    expect(afterMerge.export_id).toBe(first.export_id)
    expect(await filesOf(beforeMerge.dir)).toEqual(files)
    expect(await filesOf(afterMerge.dir)).toEqual(files)
  })

  it('lets in only interactions that meet the filter of the recipe, and counts the others', async () => {
    const filtered = (filter: NonNullable<RecipeInput['filter']>): Promise<ExportSummary> =>
      runExport({
        db,
        projectId: PROJECT,
        recipe: { ...settled, filter },
        watermark: WATERMARK,
        outDir: join(root, 'f'),
        rowKey: ROW_KEY,
        now,
      })
    // Case 12 on: 8 corrections and 4 thumbs.
    const since = new Date(START + 12_000).toISOString()
    const half = await filtered({ since, model: 'stub-1' })
    expect(half).toMatchObject({ pairs: 8, unpaired: 4, supervised: 8 })
    expect(half.funnel[0]).toEqual({ gate: 'snapshot', in: 44, out: 22, dropped: { outside_filter: 22 } })
    const { interactions, bodies } = JSON.parse(await readFile(half.manifest_path, 'utf8')).snapshot.inputs
    expect({ interactions, bodies }).toEqual({ interactions: 24, bodies: 12 })
    expect(await readFile(join(half.dir, 'README.md'), 'utf8')).toContain(`\`since\` ${JSON.stringify(since)}`)
    // Another spelling of the same filter is the same export, and no condition is no filter.
    const spelled = await filtered({ model: 'stub-1', since: since.replace('Z', '+00:00') })
    expect(spelled).toMatchObject({ export_id: half.export_id, reused: true })
    expect((await filtered({})).export_id).toBe(first.export_id)
    await expect(filtered({ task: 'none' })).rejects.toMatchObject({
      code: 'nothing_to_export',
      message: expect.stringMatching(/gate "snapshot" took the last 44: outside_filter 44; widen the recipe's filter/),
    })
  })

  it.each([
    [{ colour: 'red' }, 'colour'],
    [{ settling: { draft_hours: 1 } }, 'draft_hours'],
    [{ strategies: ['edit.fianl'] }, 'unknown strategy "edit.fianl"; use one of edit.final'],
    [{ formats: ['csv'] }, 'unknown format "csv"; use one of jsonl, parquet'],
    [{ filter: { usr_id: 'u1' } }, 'usr_id'],
    [{ filter: { text: 'refund' } }, 'filter.text: cannot stand in a recipe: bodies expire'],
    [{ filter: { has_feedback: true } }, 'filter.has_feedback: cannot stand in a recipe: an export starts from'],
    [{ filter: { user_id: 'u1' } }, 'filter.user_id: cannot stand in a recipe: the recipe is published'],
  ])('refuses the recipe %j and says why, whatever there is to export: nothing is read', async (recipe, why) => {
    const unread = new Proxy(db, {
      get() {
        throw new Error('the store was read')
      },
    })
    const ran = runExport({
      db: unread,
      projectId: PROJECT,
      recipe: recipe as RecipeInput,
      watermark: WATERMARK,
      outDir: join(root, 'g'),
      rowKey: ROW_KEY,
      now,
    })
    await expect(ran).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining(why) })
  })

  it('refuses to run an export again whose inputs were erased, and says how many are gone', async () => {
    const erased = seed().feedback[1]!
    await insertRows(db, 'erasures', [
      {
        project_id: PROJECT,
        id: '0198c000-0000-7000-8000-000000000001',
        subject_kind: 'user',
        subject_hmac: '0'.repeat(32),
        event_ids: [erased['id'] as string],
        created_at: new Date().toISOString(),
      },
    ])
    await expect(run(join(root, 'd'))).rejects.toMatchObject({
      code: 'inputs_changed',
      message: expect.stringContaining('1 feedback'),
    })
    // A later snapshot is another export, and it is one pair smaller.
    const next = await run(join(root, 'd'), new Date(START + 3_600_001).toISOString())
    expect(next).toMatchObject({ pairs: 15, supervised: 15 })
  })

  it('names the gate that took everything and the command that mends it', async () => {
    const withdrawn = new Date(START + 3_000_000).toISOString()
    await insertRows(db, 'consents', [
      {
        project_id: PROJECT,
        id: '0198c000-0000-7000-8000-000000000002',
        schema_version: 1,
        subject_kind: 'project',
        subject: PROJECT,
        purpose: 'train',
        label: 'withdrawn',
        applies_from: withdrawn,
        occurred_at: withdrawn,
        trust: 'server',
        source: 'log/0:99',
        received_at: withdrawn,
        body_until: '2100-01-01T00:00:00.000Z',
        row_until: '2100-01-01T00:00:00.000Z',
      },
    ])
    await expect(run(join(root, 'e'), new Date(START + 3_600_002).toISOString())).rejects.toMatchObject({
      code: 'nothing_to_export',
      message: expect.stringMatching(
        /gate "consent".*consent_withdrawn.*flywheel consent declare --purpose train .*--applies-from 7d .*starts now/,
      ),
    })
  })
})
