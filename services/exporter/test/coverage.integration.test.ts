import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '@flywheel/curation'
import { getExport, insertRows, readCapturedGroups } from '@flywheel/store'
import { expect, it } from 'vitest'
import { runExport } from '../src/index.js'
import { eraseUser, filesOf, PROJECT, ROW_KEY, seed, settled, store, WATERMARK } from './support.js'

/** Of 24 interactions every other is of a task that nobody says anything about; one comes after the watermark. */
function rows() {
  const made = seed(24)
  made.interactions.forEach((row, n) => {
    Object.assign(row, n % 2 === 0 ? { task: 'reply', surface: 'desk' } : { task: 'summary', surface: 'mail' })
  })
  for (const n of [1, 3, 5]) Object.assign(made.interactions[n]!, { user_id: 'silent', session_id: 'silent' })
  Object.assign(made.interactions[23]!, { received_at: new Date(Date.parse(WATERMARK) + 1).toISOString() })
  const silent = new Set(made.interactions.filter(({ task }) => task === 'summary').map(({ id }) => id))
  return { interactions: made.interactions, feedback: made.feedback.filter(({ target }) => !silent.has(target)) }
}

it('tells in manifest and card who is not in the set, of what was captured and is not erased', async () => {
  const { db, outDir, remove } = await store(rows())
  try {
    const common = { db, projectId: PROJECT, outDir, rowKey: ROW_KEY, now: () => new Date(WATERMARK) }
    const first = await runExport({ ...common, recipe: settled, watermark: WATERMARK })
    const { coverage } = JSON.parse(await readFile(first.manifest_path, 'utf8')) as Manifest
    expect(coverage).toMatchObject({
      captured: 23,
      tasks: {
        groups: [
          { name: 'reply', captured: 12 },
          { name: 'summary', captured: 11, rows: 0 },
        ],
        others: null,
      },
    })
    expect(coverage?.surfaces.groups[1]).toEqual({ name: 'mail', captured: 11, rows: 0 })
    const card = await readFile(join(first.dir, 'README.md'), 'utf8')
    expect(card).toContain('No row is of these tasks, though interactions of them were captured: summary (11).')
    expect(card).toContain('| task | summary | 11 | 47.8% | 0 | 0% |')

    // Of somebody who said nothing, so that the inputs of the export are all there.
    await eraseUser(db, 'silent')
    const files = await filesOf(first.dir)
    await rm(first.dir, { recursive: true })
    // However many exports came later: what it said is not looked for among the newest.
    const record = (await getExport(db, PROJECT, first.export_id))!
    const later = { ...record, created_at: '2100-01-01T00:00:00.000Z', summary: '' }
    const others = Array.from({ length: 1000 }, (_, n) => ({ ...later, id: `later-${n}` }))
    await insertRows(db, 'exports', others)
    const again = await runExport({ ...common, asOf: first.export_id })
    expect(await filesOf(again.dir)).toEqual(files)

    const left = await readCapturedGroups(db, PROJECT, WATERMARK)
    expect(left.map(({ task }) => task)).toEqual(['reply', 'summary'])
    expect(left.reduce((sum, { interactions }) => sum + interactions, 0)).toBe(20)
  } finally {
    await remove()
  }
})
