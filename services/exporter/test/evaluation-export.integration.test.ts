import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RecipeInput } from '@flywheel/curation'
import type { Database } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countExport } from '../src/count-export.js'
import { eraseFromExports, runExport } from '../src/index.js'
import type { RunExportOptions } from '../src/run-export.js'
import { ERASURE_KEY, eraseUser, filesOf, PROJECT, ROW_KEY, seed, settled, store, uuid, WATERMARK } from './support.js'

const NEVER = '2100-01-01T00:00:00.000Z'
const now = (): Date => new Date()

/** Everybody on their own, so that half of them are held out; a colleague says of each answer what was wrong. */
function rows() {
  const made = seed(24)
  const time = Date.parse(WATERMARK) - 600_000
  const start = time - 60_000
  made.interactions.forEach((row, n) => {
    Object.assign(row, { user_id: `u${n}`, session_id: `s${n}`, tags: ['vip'], surface: 'desk' })
  })
  made.feedback.forEach((row, n) => {
    Object.assign(row, { author_id: `u${n}` })
  })
  const comments = made.interactions.map(({ id }, n) => ({
    project_id: PROJECT,
    trust: 'server',
    source: `log/0:${100 + n}`,
    received_at: new Date(time).toISOString(),
    body_until: NEVER,
    row_until: NEVER,
    id: uuid(start + n, 500 + n),
    schema_version: 1,
    target_kind: 'interaction',
    target: id,
    kind: 'rating',
    value: 1,
    author_id: `c${n}`,
    author_kind: 'expert',
    reason_codes: ['wrong_fact'],
    reason_text: `Reason ${n}: ask eve@example.org`,
  }))
  return { interactions: made.interactions, feedback: [...made.feedback, ...comments] }
}

const recipe: RecipeInput = { ...settled, strategies: ['edit.final'], evaluation: { share: 0.5 } }

const ITEMS = 'evaluation/preference/evaluation-00000-of-00001.jsonl'
async function itemsIn(dir: string) {
  const text = await readFile(join(dir, ITEMS), 'utf8')
  const lines = text.trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as { id: string; input: { content: string }[]; metadata: object })
}

describe('an export with a hold-out', () => {
  let db: Database
  let outDir: string
  let remove: () => Promise<void>

  beforeAll(async () => {
    ;({ db, outDir, remove } = await store(rows()))
  })
  afterAll(() => remove())

  const run = (given: RecipeInput) =>
    runExport({ db, projectId: PROJECT, recipe: given, watermark: WATERMARK, outDir, rowKey: ROW_KEY, now })

  it('reads reasons and tags from the store, and no reason reaches a file that is trained on', async () => {
    const { dir } = await run(recipe)
    const items = await itemsIn(dir)
    expect(items.length).toBeGreaterThan(2)
    for (const { input, metadata } of items) {
      const number = /Case (\d+):/.exec(input[0]?.content ?? '')?.[1]
      const texts = [`Reason ${number}: ask [EMAIL_1]`]
      expect(metadata).toMatchObject({ reasons: { codes: ['wrong_fact'], texts }, tags: ['vip'], surface: 'desk' })
    }
    const asked = items.map(({ input }) => input[0]?.content ?? '')
    for (const [name, base64] of Object.entries(await filesOf(dir))) {
      if (name.startsWith('evaluation/')) continue
      const text = Buffer.from(base64, 'base64').toString()
      expect(text, name).not.toMatch(/Reason \d/)
      for (const each of asked) expect(text.includes(each), name).toBe(false)
    }
  })

  it('can be registered as it is: the same export then repeats it nowhere', async () => {
    const { dir } = await run(recipe)
    const items = await itemsIn(dir)
    await mkdir(join(outDir, 'evaluation-sets'), { recursive: true })
    await writeFile(join(outDir, 'evaluation-sets', 'own.jsonl'), await readFile(join(dir, ITEMS)))
    const again = await run({ ...recipe, evaluation: { share: 0 }, decontaminate: { sets: ['own'] } })
    const step = again.funnel.find(({ gate }) => gate === 'decontamination')
    expect(step?.dropped).toEqual({ 'evaluation_set.own': items.length })
  })

  // Last: the tests share the store.
  it('loses an item, reasons and all, when one who gave a reason is erased', async () => {
    const { dir } = await run(recipe)
    const [first, ...others] = await itemsIn(dir)
    const registered = join(outDir, 'evaluation-sets', 'mine.jsonl')
    await mkdir(dirname(registered), { recursive: true })
    const own = ['{"question":"of our own"}', 'no JSON', JSON.stringify({ ...first, id: 'ours' }).replace(/\d+/g, '')]
    await writeFile(registered, [await readFile(join(dir, ITEMS), 'utf8'), ...own, ''].join('\n'))
    const number = /Case (\d+):/.exec(first?.input[0]?.content ?? '')?.[1]
    await eraseUser(db, `c${number}`)
    await eraseFromExports({ db, projectId: PROJECT, rowKey: ROW_KEY, erasureKey: ERASURE_KEY, outDir, now })
    const left = (await readFile(registered, 'utf8')).split('\n').filter((line) => line !== '')
    expect(left).toEqual([...others.map((item) => JSON.stringify(item)), ...own])
    expect(await readdir(dirname(registered))).not.toContain('mine.jsonl.next')
    for (const name of await readdir(outDir)) {
      const files = await filesOf(join(outDir, name))
      for (const base64 of Object.values(files)) {
        expect(Buffer.from(base64, 'base64').toString()).not.toContain(`Reason ${number}:`)
      }
    }
  })
})

describe('what was held out', () => {
  it('is trained on by no recipe, also by one that splits by another rule', async () => {
    const { db, outDir, remove } = await store(rows())
    try {
      const common = { db, projectId: PROJECT, watermark: WATERMARK, outDir, rowKey: ROW_KEY }
      const run = (more: Partial<RunExportOptions>) => runExport({ ...common, parent: 'latest', now, ...more })
      const held = await itemsIn((await run({ recipe })).dir)
      const trainedIn = async (dir: string): Promise<string> => {
        const files = Object.entries(await filesOf(dir)).filter(([name]) => /^preference\/.*jsonl$/.test(name))
        return files.map(([, base64]) => Buffer.from(base64, 'base64').toString()).join('')
      }
      const expectHeld = async (dir: string): Promise<void> => {
        const text = await trainedIn(dir)
        expect(text).toContain('Case ')
        for (const { input } of held) expect(text).not.toContain(input[0]?.content)
      }

      const other = { ...recipe, evaluation: { share: 0 }, split: { validation: 0.2, seed: 'another' } }
      const first = await run({ recipe: other })
      await expectHeld(first.dir)
      const counted = await countExport({ ...common, parent: 'latest', recipe: other })
      expect(counted).toMatchObject({ pairs: first.pairs, splits: { evaluation: held.length } })
      expect((await run({ asOf: first.export_id })).export_id).toBe(first.export_id)

      // Its own rule again, and a third: what is held out has come along.
      for (const split of [settled.split, { validation: 0.3, seed: 'third' }])
        await expectHeld((await run({ recipe: { ...recipe, name: 'later', evaluation: { share: 0 }, split } })).dir)
    } finally {
      await remove()
    }
  })
})

describe('an evaluation set that would hold nothing', () => {
  it('is refused with why nobody is held out and what mends it, and counted as nothing', async () => {
    const { db, outDir, remove } = await store(rows())
    try {
      const common = { db, projectId: PROJECT, watermark: WATERMARK, outDir, rowKey: ROW_KEY, parent: 'latest' }
      const run = (given: RecipeInput) => runExport({ ...common, recipe: given, now })
      const trained = await run({ ...recipe, evaluation: { share: 0 } })
      // Everybody was trained on: the share draws from those who come new, and nobody has.
      const evaluate = { ...recipe, targets: ['evaluation'] }
      await expect(run(evaluate)).rejects.toMatchObject({
        code: 'nothing_to_export',
        message: expect.stringMatching(
          /^Nothing to export: of \d+ rows none goes to a file of the targets evaluation; .*people of earlier exports keep their split.*flywheel export count$/,
        ),
      })
      expect(await readdir(outDir)).toEqual([trained.export_id])
      expect((await countExport({ ...common, recipe: evaluate })).nothing).toMatchObject({ gate: 'targets' })
    } finally {
      await remove()
    }
  })
})
