import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '@flywheel/curation'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportPage } from '../../src/documents/report.js'
import { type ExportSummary, runExport } from '../../src/index.js'
import { PROJECT, ROW_KEY, settled, store, WATERMARK } from '../support.js'

describe('documents of a set', () => {
  let opened: Awaited<ReturnType<typeof store>>
  let made: ExportSummary
  let manifest: Manifest
  const read = (path: string): Promise<string> => readFile(join(made.dir, path), 'utf8')

  beforeAll(async () => {
    opened = await store()
    made = await runExport({
      db: opened.db,
      projectId: PROJECT,
      recipe: { ...settled, name: 'replies <b>& more' },
      watermark: WATERMARK,
      outDir: opened.outDir,
      rowKey: ROW_KEY,
      now: () => new Date('2026-11-22T10:00:00Z'),
    })
    manifest = JSON.parse(await readFile(made.manifest_path, 'utf8')) as Manifest
  })
  afterAll(() => opened.remove())

  it('croissant.json names every file of the manifest with the hash of its bytes', async () => {
    const described = JSON.parse(await read('croissant.json')) as {
      conformsTo: string
      distribution: { '@type': string; '@id': string; sha256?: string; includes?: string }[]
      recordSet: { '@id': string; field: object[] }[]
    }
    expect(described.conformsTo).toBe('http://mlcommons.org/croissant/1.0')
    const files = described.distribution.filter((each) => each['@type'] === 'cr:FileObject')
    expect(files.map((each) => each['@id']).sort()).toEqual(manifest.files.map(({ path }) => path).sort())
    for (const file of files) {
      const bytes = await readFile(join(made.dir, file['@id']))
      expect(file.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
    expect(described.recordSet.map((each) => each['@id']).sort()).toEqual(['preference', 'supervised', 'unpaired'])
    const sets = new Set(described.distribution.map((each) => each['@id']))
    const named = JSON.stringify(described.recordSet).matchAll(/"fileSet":{"@id":"([^"]+)"}/g)
    const used = new Set([...named].map(([, id]) => id))
    expect(used.size).toBe(3)
    for (const id of used) expect(sets).toContain(id)
  })

  it('openlineage.jsonl says what went in and what came out, at the times of run.json', async () => {
    const [start, complete] = (await read('openlineage.jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const run = JSON.parse(await read('run.json')) as { started_at: string; finished_at: string }
    expect(start).toMatchObject({ eventType: 'START', eventTime: run.started_at, outputs: [] })
    expect(complete).toMatchObject({ eventType: 'COMPLETE', eventTime: run.finished_at, run: start.run })
    expect(complete.run.runId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    const read_ = complete.inputs.map(
      (each: { name: string; inputFacets: { inputStatistics: { rowCount: number } } }) => [
        each.name,
        each.inputFacets.inputStatistics.rowCount,
      ],
    )
    expect(read_).toContainEqual(['interactions', manifest.snapshot.inputs.interactions])
    expect(complete.outputs[0].outputFacets.outputStatistics.rowCount).toBe(
      made.pairs + made.unpaired + made.supervised,
    )
  })

  it('report.html shows the figures of the manifest, needs no network and takes no markup from a name', async () => {
    const page = await read('report.html')
    expect(page).toContain(`<dt>Preference pairs</dt><dd>${made.pairs}</dd>`)
    expect(page).toContain('replies &lt;b&gt;&amp; more')
    expect(page).not.toContain('<b>')
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//)
    expect(page).not.toContain('<script')
    for (const { gate } of manifest.funnel) expect(page).toContain(gate)
    // Funnel, signals, weights, distances, lengths, people, models, tasks, languages, splits.
    expect(page.match(/<svg /g)).toHaveLength(10)
  })

  it('report.html says leakage and contamination also where there is none, and that nothing was compared', async () => {
    const page = await read('report.html')
    expect(page).toContain('0 people, sessions and first questions stand on both sides of a split')
    expect(page).toContain('Compared with no evaluation set')
    expect(page).toContain('<h2>Languages</h2>')
    const sets = [{ set: 'own <i>', items: 1200, too_short: 0, rows: 0 }]
    const compared = await reportPage({ ...manifest, contamination: { sets, hashes: [] } })
    expect(compared).toContain('0 rows repeated an item of a registered evaluation set, and left.')
    expect(compared).toContain('<td>own &lt;i&gt;</td><td class="number">1,200</td><td class="number">0</td>')
  })

  it('the same manifest gives the same page', async () => {
    expect(await reportPage(manifest)).toBe(await read('report.html'))
  })

  it('a set without pairs has a page without their charts', async () => {
    const rows = { preference: 0, unpaired: 3, supervised: 0 }
    const page = await reportPage({ ...manifest, statistics: { ...manifest.statistics, rows } })
    expect(page.match(/<svg /g)).toHaveLength(8)
  })
})
