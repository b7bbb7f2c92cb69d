import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from '@flywheel/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ErasedExport, type ExportSummary, eraseFromExports, runExport } from '../src/index.js'
import { readPublished } from '../src/publish.js'
import { ERASURE_KEY, eraseUser, PROJECT, ROW_KEY, START, settled, store, WATERMARK } from './support.js'

const now = (): Date => new Date()

describe('an erasure export', () => {
  let db: Database
  let outDir: string
  let remove: () => Promise<void>
  let first: ExportSummary

  const erase = (): Promise<ErasedExport[]> =>
    eraseFromExports({ db, projectId: PROJECT, rowKey: ROW_KEY, erasureKey: ERASURE_KEY, outDir, now })

  beforeEach(async () => {
    ;({ db, outDir, remove } = await store())
    first = await runExport({
      db,
      projectId: PROJECT,
      recipe: settled,
      watermark: WATERMARK,
      outDir,
      rowKey: ROW_KEY,
      now,
    })
  })
  afterEach(() => remove())

  it('has the figures and the settings of an export that is made of what is left', async () => {
    const all = { ...settled, targets: ['openai', 'trl', 'llama-factory'] }
    const about = { db, projectId: PROJECT, recipe: all, outDir, rowKey: ROW_KEY, now }
    const made = await runExport({ ...about, watermark: new Date(START + 3_600_001).toISOString() })
    const before = (await readPublished(made.dir))!.manifest
    await eraseUser(db, 'u1')
    const done = (await erase()).find(({ export_id }) => export_id === made.export_id)
    const { manifest: after } = (await readPublished(join(outDir, done!.replaced_by!)))!
    const fresh = await runExport({
      ...about,
      watermark: new Date(START + 3_600_002).toISOString(),
      parent: done!.replaced_by!,
    })
    const { manifest: whole } = (await readPublished(fresh.dir))!
    const ofRows = ({ statistics, trainer, consent }: typeof whole) => {
      const { users, gini, rows_per_user, tells_sides_apart, ...mine } = statistics
      return { ...mine, trainer, consent }
    }
    expect(ofRows(after)).toEqual(ofRows(whole))
    expect(after.statistics.effective_n).not.toBe(before.statistics.effective_n)
    expect(after.statistics.labels).not.toEqual(before.statistics.labels)
  })

  it('has the documents of any other export, which say what it was made of and whose figures they show', async () => {
    await eraseUser(db, 'u1')
    const [done] = await erase()
    const place = join(outDir, done!.replaced_by!)
    const { manifest } = (await readPublished(place))!
    const described = JSON.parse(await readFile(join(place, 'croissant.json'), 'utf8')) as {
      distribution: { '@type': string; name: string; sha256?: string }[]
    }
    const named = described.distribution.filter((each) => each['@type'] === 'cr:FileObject')
    const hashes = (files: { path?: string; name?: string; sha256?: string }[]) =>
      files.map(({ path, name, sha256 }) => `${path ?? name} ${sha256}`).sort()
    expect(hashes(named)).toEqual(hashes(manifest.files))
    const page = await readFile(join(place, 'report.html'), 'utf8')
    expect(page).toContain(`<dt>Preference pairs</dt><dd>${manifest.statistics.rows.preference}</dd>`)
    expect(page).toContain(`leakage and contamination are those of export <code>${first.export_id.slice(0, 12)}</code>`)
    const events = (await readFile(join(place, 'openlineage.jsonl'), 'utf8')).trimEnd().split('\n')
    for (const event of events.map((line) => JSON.parse(line))) {
      expect(event.inputs).toHaveLength(1)
      expect(event.inputs[0].facets.version.datasetVersion).toBe(first.export_id)
    }
  })
})
