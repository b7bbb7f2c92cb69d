import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  bodiesNeeded,
  curate,
  type Evidence,
  inputsOf,
  type Manifest,
  parseRecipe,
  snapshotOf,
} from '@flywheel/curation'
import { languageOf } from '@flywheel/curation/language'
import {
  type Database,
  insertRows,
  readConsents,
  readFeedback,
  readInteractionBodies,
  readInteractionHeads,
  readLinks,
} from '@flywheel/store'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type ExportSummary, type RunExportOptions, runExport } from '../src/run-export.js'
import { createUnitPool } from '../src/unit-pool.js'
import { consentRow, unitColumns } from '../src/units/columns.js'
import type { Progress } from '../src/units/curate-units.js'
import { createRowId } from '../src/units/unit-work.js'
import { filesOf, PROJECT, ROW_KEY, START, seed, settled, store, uuid, WATERMARK } from './support.js'

let db: Database
let outDir: string
let remove: () => Promise<void>
const now = (): Date => new Date(START + 7_200_000)

beforeAll(async () => {
  const rows = seed(120)
  ;({ db, outDir, remove } = await store(rows))
  // A link an hour before the feedback by its ref, a turn of two steps, and a correction that is taken back.
  const [first, second] = rows.interactions as { id: string }[]
  const common = {
    project_id: PROJECT,
    trust: 'server',
    received_at: new Date(START + 500_000).toISOString(),
    body_until: '2100-01-01T00:00:00.000Z',
    row_until: '2100-01-01T00:00:00.000Z',
    schema_version: 1,
  }
  const link = { ...common, source: 'log/0:9000', target_kind: 'interaction', target: first!.id, ref: 'desk:1' }
  await insertRows(db, 'links', [{ ...link, id: uuid(START + 400_000, 1) }])
  const said = { author_id: 'u0', author_kind: 'end_user', kind: 'thumb', label: 'up' }
  const taken = uuid(START + 410_000, 4)
  await insertRows(db, 'feedback', [
    { ...common, ...said, source: 'log/0:9001', id: uuid(START + 410_000, 2), target_kind: 'ref', target: 'desk:1' },
    { ...common, ...said, source: 'log/0:9002', id: uuid(START + 410_000, 3), target_kind: 'turn', target: second!.id },
    { ...common, ...said, source: 'log/0:9003', id: taken, target_kind: 'interaction', target: second!.id },
    {
      ...common,
      ...said,
      source: 'log/0:9004',
      id: uuid(START + 420_000, 5),
      target_kind: 'interaction',
      target: second!.id,
      retracts: taken,
    },
  ])
})
afterAll(() => remove())

async function made(name: string, options: Partial<RunExportOptions> = {}): Promise<ExportSummary> {
  const folder = join(outDir, name)
  const common = { db, projectId: PROJECT, recipe: settled, watermark: WATERMARK, outDir: folder, rowKey: ROW_KEY, now }
  const summary = await runExport({ ...common, ...options })
  // Nothing of a run is left beside what it published.
  expect(await readdir(folder)).toEqual([summary.export_id])
  return summary
}

it('is the same bytes from one unit and from many, judged here, by one thread and by eight', {
  timeout: 300_000,
}, async () => {
  const seen: Progress[] = []
  const whole = await made('whole', { workers: 0 })
  const cut = await made('cut', { workers: 0, unitBytes: 2000, onProgress: (progress) => void seen.push(progress) })
  expect(seen.filter(({ stage }) => stage === 'judge').length).toBeGreaterThan(20)
  expect(seen.filter(({ stage }) => stage === 'judge').at(-1)).toMatchObject({
    done: seen.find(({ stage }) => stage === 'judge')?.of,
  })
  expect(cut.export_id).toBe(whole.export_id)
  const expected = await filesOf(whole.dir)
  expect(await filesOf(cut.dir)).toEqual(expected)
  for (const workers of [1, 8]) {
    const { dir } = await made(`threads-${workers}`, { workers, unitBytes: 2000 })
    expect(await filesOf(dir)).toEqual(expected)
  }
})

it('holds rows against an evaluation set as it was read once, in its threads too, when the file is replaced meanwhile', async () => {
  const recipe = { ...settled, decontaminate: { sets: ['exam'] } }
  const register = async (name: string, item: string): Promise<string> => {
    const sets = join(outDir, name, 'evaluation-sets')
    await mkdir(sets, { recursive: true })
    await writeFile(join(sets, 'exam.jsonl'), `${JSON.stringify(item)}\n`)
    return join(outDir, name)
  }
  const item = 'Case 1: when does the parcel of order 7 arrive?'
  const common = { projectId: PROJECT, recipe, watermark: WATERMARK, rowKey: ROW_KEY, now, unitBytes: 10_000 }
  const whole = await runExport({ ...common, db, outDir: await register('exam', item), workers: 0 })
  const folder = await register('exam-replaced', item)
  const query = db.query.bind(db)
  // The first question of a run comes after the sets were read, and before any thread is there.
  const replacing = vi.spyOn(db, 'query').mockImplementationOnce(async (...of) => {
    await register('exam-replaced', 'What somebody registered while the run went on, of other words')
    return query(...of)
  })
  const threads = await runExport({ ...common, db, outDir: folder, workers: 1 })
  replacing.mockRestore()
  expect(threads.pairs).toBe(79)
  expect(await filesOf(threads.dir)).toEqual(await filesOf(whole.dir))
})

it('is the set and the digest that curation makes of the whole snapshot in memory', async () => {
  const { manifest_path } = await made('memory', { unitBytes: 2000, workers: 0 })
  const manifest = JSON.parse(await readFile(manifest_path, 'utf8')) as Manifest
  const recipe = parseRecipe(settled)
  const columns = unitColumns(recipe)
  const pick = <Row extends object>(rows: readonly Row[], names: readonly string[]): Row[] =>
    rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name as keyof Row]])) as Row)
  const evidence: Evidence = {
    project_id: PROJECT,
    watermark: WATERMARK,
    cutoff: WATERMARK,
    project_consent: {},
    interactions: pick(await readInteractionHeads(db, PROJECT, WATERMARK), columns.interactions),
    bodies: [],
    feedback: pick(await readFeedback(db, PROJECT, WATERMARK), columns.feedback),
    links: pick(await readLinks(db, PROJECT, WATERMARK), columns.links),
    consents: (await readConsents(db, PROJECT, WATERMARK)).map(consentRow),
  }
  for await (const row of readInteractionBodies(db, PROJECT, bodiesNeeded(evidence, recipe))) {
    evidence.bodies.push(...pick([row], columns.bodies))
  }
  const set = curate(evidence, recipe, { languageOf, rowId: createRowId(ROW_KEY) })
  expect(manifest.funnel).toEqual(set.funnel)
  expect(manifest.strategies).toEqual(set.strategies)
  expect(manifest.statistics.rows.preference).toBe(set.rows.filter(({ shape }) => shape === 'preference').length)
  expect(manifest.snapshot.inputs).toEqual(inputsOf(snapshotOf(evidence)))
})

it('reads apart what was recorded without its texts: it is not one prompt that everybody sent', async () => {
  const { interactions, feedback } = seed(30)
  for (const row of interactions) Object.assign(row, { project_id: 'metadata', messages: '', outputs: '' })
  for (const row of feedback) {
    const {
      kept: _,
      stage: __,
      ...thumb
    } = { ...row, project_id: 'metadata', kind: 'thumb', label: 'down' } as typeof row
    await insertRows(db, 'feedback', [thumb])
  }
  await insertRows(db, 'interactions', interactions)
  const seen: Progress[] = []
  const onProgress = (progress: Progress): void => void seen.push(progress)
  const run = made('metadata', { projectId: 'metadata', workers: 0, unitBytes: 1, onProgress })
  await expect(run).rejects.toMatchObject({ code: 'nothing_to_export' })
  expect(seen[0]).toMatchObject({ stage: 'survey', of: 30 })
})

it('a thread that cannot start rejects what waits for it, with what to do', async () => {
  const pool = createUnitPool(1, { context: {} as never, rowKey: ROW_KEY, evaluation: [] })
  const none = { folder: outDir, unit: 0 }
  const death = { code: 'internal', message: expect.stringContaining('again') }
  await expect(pool.survey(none)).rejects.toMatchObject(death)
  // Once it has ended, nothing that it is sent is answered.
  await sleep(1000)
  await expect(pool.survey(none)).rejects.toMatchObject(death)
  await pool.close()
})

it('leaves nothing of a failed run behind', async () => {
  const failing = made('failing', { workers: 0, onProgress: () => expect.fail('stopped') })
  await expect(failing).rejects.toThrow('stopped')
  expect(await readdir(join(outDir, 'failing'))).toEqual([])
})
