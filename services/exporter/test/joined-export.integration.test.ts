import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest, RecipeInput } from '@flywheel/curation'
import { type Database, insertRows } from '@flywheel/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ExportSummary, eraseFromExports, runExport } from '../src/index.js'
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

const NEVER = '2100-01-01T00:00:00.000Z'
const now = (): Date => new Date()

describe('an export with a joined file', { timeout: 60_000 }, () => {
  const rows = seed(24)
  const ids = rows.interactions.map(({ id }) => String(id))
  let db: Database
  let outDir: string
  let remove: () => Promise<void>

  beforeAll(async () => {
    ;({ db, outDir, remove } = await store(rows))
    const links = ids.map((target, n) => ({
      project_id: PROJECT,
      trust: 'server',
      source: `log/0:${200 + n}`,
      schema_version: 1,
      received_at: new Date(START + 20_000).toISOString(),
      body_until: NEVER,
      row_until: NEVER,
      id: uuid(START + 200_000 + n, 900 + n),
      target_kind: 'interaction',
      target,
      ref: `ticket ${n}`,
    }))
    await insertRows(db, 'links', links)
    await mkdir(join(outDir, 'joins'), { recursive: true })
  })
  afterAll(() => remove())

  const write = (file: string, text: string) => writeFile(join(outDir, 'joins', file), text)
  const run = (asked: RecipeInput, more: object = {}): Promise<ExportSummary> =>
    runExport({
      db,
      projectId: PROJECT,
      recipe: { ...settled, ...asked },
      watermark: WATERMARK,
      outDir,
      rowKey: ROW_KEY,
      now,
      workers: 0,
      ...more,
    })

  async function sidecarsIn(dir: string): Promise<Record<string, unknown>[]> {
    const files = Object.entries(await filesOf(dir)).filter(([name]) => /^meta\/(pref|unpaired|superv)/.test(name))
    const lines = files.flatMap(([, base64]) => Buffer.from(base64, 'base64').toString().trimEnd().split('\n'))
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  const byRef: RecipeInput = { join: { file: 'crm.csv', by: 'ref', columns: ['note'] } }
  const csv = (last: string): string =>
    `ref,cost,note\n${ids.map((_, n) => (n === 7 ? '' : `ticket ${n},hidden,note ${n} of eve@example.org${last}\n`)).join('')}`

  it('has its columns in the sidecar by ref, redacted, null where the file has no row; its hash is in the manifest', async () => {
    await write('crm.csv', csv(''))
    const { dir, manifest_path, export_id } = await run(byRef)
    const lines = await sidecarsIn(dir)
    const notes = new Set(lines.map(({ joined }) => (joined as { note: string | null }).note))
    expect(notes).toContain(null)
    expect(notes).toContain('note 8 of [EMAIL_1]')
    expect(notes.size).toBe(24)
    expect(JSON.stringify(lines)).not.toContain('hidden')
    const manifest = JSON.parse(await readFile(manifest_path, 'utf8')) as Manifest
    expect(manifest.join).toEqual({ file: 'crm.csv', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(await readFile(join(dir, 'README.md'), 'utf8')).toContain(`(SHA-256 ${manifest.join?.sha256})`)

    await write('crm.csv', csv('!'))
    const other = await run(byRef)
    expect(other.export_id).not.toBe(export_id)
    await expect(run(byRef, { asOf: export_id })).rejects.toThrow('cannot be made again')
    await write('crm.csv', csv(''))
    expect(await run(byRef)).toMatchObject({ export_id, reused: true })
  })

  it('has the same bytes from threads as from none, by the id as by the ref', async () => {
    await write(
      'by-id.jsonl',
      ids.map((id, n) => `${JSON.stringify({ id, score: n / 2, note: `note ${n}` })}\n`).join(''),
    )
    const byId: RecipeInput = { join: { file: 'by-id.jsonl', by: 'id', columns: ['note', 'score'] } }
    const alone = await run(byId)
    const files = await filesOf(alone.dir)
    const lines = await sidecarsIn(alone.dir)
    for (const { joined } of lines) {
      const { note, score } = joined as { note: string; score: number }
      expect(note).toBe(`note ${score * 2}`)
    }
    const other = join(outDir, 'threads')
    await mkdir(join(other, 'joins'), { recursive: true })
    await writeFile(join(other, 'joins', 'by-id.jsonl'), await readFile(join(outDir, 'joins', 'by-id.jsonl')))
    const threads = await run(byId, { outDir: other, workers: 2, unitBytes: 2000 })
    expect(await filesOf(threads.dir)).toEqual(files)
  })

  it('takes nothing of what was judged with another file, and all of what was judged with the same', async () => {
    const delta: RecipeInput = { ...byRef, name: 'chain', mode: 'delta' }
    const judgedWith = async (place: string, last: string): Promise<number> => {
      const chain = join(outDir, place)
      await mkdir(join(chain, 'joins'), { recursive: true })
      await writeFile(join(chain, 'joins', 'crm.csv'), csv(''))
      const common = { outDir: chain, parent: 'latest', unitBytes: 1 }
      await run(delta, { ...common, watermark: new Date(START + 40_000).toISOString() })
      await writeFile(join(chain, 'joins', 'crm.csv'), csv(last))
      let judged = 0
      const onProgress = ({ stage }: { stage: string }): void => {
        if (stage === 'judge') judged++
      }
      const { dir } = await run(delta, { ...common, onProgress })
      for (const { joined } of await sidecarsIn(dir)) {
        const { note } = joined as { note: string }
        expect(note).toMatch(/^note \d+ of/)
        expect(note.endsWith(last)).toBe(true)
      }
      return judged
    }
    expect(await judgedWith('same', '')).toBeLessThan(12)
    expect(await judgedWith('other', ' (new)')).toBe(24)
  })

  // Last: the tests share the store.
  it('loses what the file says of a row with the row, when its person is erased', async () => {
    const { dir } = await run(byRef)
    expect(JSON.stringify(await sidecarsIn(dir))).toContain('note 11 of')
    await eraseUser(db, 'u1')
    const erased = await eraseFromExports({
      db,
      projectId: PROJECT,
      rowKey: ROW_KEY,
      erasureKey: ERASURE_KEY,
      outDir,
      now,
    })
    const place = erased.find(({ export_id }) => dir.endsWith(export_id))?.replaced_by
    const left = JSON.stringify(await sidecarsIn(join(outDir, String(place))))
    expect(left).not.toContain('note 11 of')
    expect(left).toContain('note 8 of')
  })
})
