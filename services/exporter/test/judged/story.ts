import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Manifest } from '@flywheel/curation'
import { type Database, insertRows } from '@flywheel/store'
import { afterEach, beforeEach, expect } from 'vitest'
import { type ErasedExport, type ExportSummary, eraseFromExports, runExport } from '../../src/index.js'
import { judgedFolder } from '../../src/judged/judged-memory.js'
import { ERASURE_KEY, filesOf, PROJECT, ROW_KEY, type Seed, START, settled, store, uuid } from '../support.js'

export const HOUR = 3_600_000
export const DAY: number = 24 * HOUR

const NEVER = '2100-01-01T00:00:00.000Z'
export const at = (offset: number): string => new Date(START + offset).toISOString()

let opened: Awaited<ReturnType<typeof store>> | undefined
let scratch: string
let offset = 5000
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'flywheel-judged-'))
})
afterEach(async () => {
  await opened?.remove()
  opened = undefined
  await rm(scratch, { recursive: true, force: true })
})

/** What is known of one export. */
export interface Made extends ExportSummary {
  manifest: Manifest
  /** Units that were judged: components, where each is a unit. */
  judged: number
  superseded: string[]
}

/** A store, and exports of it by a recipe that makes deltas. */
export interface Story {
  db: Database
  outDir: string
  say(time: number, target: unknown, said: object): Promise<string>
  /** @param kind whose consent. @default user */
  withdraw(time: number, subject: string, kind?: 'user' | 'project'): Promise<void>
  /** One export, which is held against the same one made without a memory. Times count from the start of the store. */
  run(time: number, more?: { parent?: string; db?: Database; unitBytes?: number; workers?: number }): Promise<Made>
  /** @param now @default the clock's */
  erase(now?: Date): Promise<ErasedExport[]>
  /** Everything that is kept of what was judged, as text. */
  memory(): Promise<string>
  /** Paths of its files. */
  files(): Promise<string[]>
}

export async function story(rows: Seed, recipeMore: object = {}): Promise<Story> {
  opened = await store(rows)
  const { db, outDir } = opened
  const recipe = { ...settled, name: 'chain', mode: 'delta' as const, ...recipeMore }
  const base = { db, projectId: PROJECT, rowKey: ROW_KEY, now: () => new Date(), unitBytes: 1, workers: 0 }
  const server = (time: number): object => ({
    project_id: PROJECT,
    trust: 'server',
    schema_version: 1,
    source: `log/0:${offset++}`,
    received_at: at(time),
    body_until: NEVER,
    row_until: NEVER,
  })
  const files = async (): Promise<string[]> => {
    const entries = await readdir(judgedFolder(outDir, PROJECT, ROW_KEY), { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  }
  return {
    db,
    outDir,
    files,
    memory: async () => (await Promise.all((await files()).map((path) => readFile(path, 'latin1')))).join(),
    async say(time, target, said) {
      const id = uuid(START + time, offset)
      const about = { target_kind: 'interaction', target, author_kind: 'end_user' }
      await insertRows(db, 'feedback', [{ ...server(time), id, ...about, ...said }])
      return id
    },
    async withdraw(time, subject, kind = 'user') {
      const said = { subject_kind: kind, subject, purpose: 'train', label: 'withdrawn', basis: '' }
      const times = { applies_from: at(time), occurred_at: at(time) }
      await insertRows(db, 'consents', [{ ...server(time), id: uuid(START + time, offset), ...said, ...times }])
    },
    erase: (now = new Date()) =>
      eraseFromExports({
        db,
        projectId: PROJECT,
        rowKey: ROW_KEY,
        erasureKey: ERASURE_KEY,
        outDir,
        now: () => now,
      }),
    async run(time, more = {}) {
      let judged = 0
      const summary = await runExport({
        ...base,
        outDir,
        recipe,
        watermark: at(time),
        parent: 'latest',
        onProgress: ({ stage }) => {
          if (stage === 'judge') judged++
        },
        ...more,
      })
      const bare = join(scratch, summary.export_id)
      await cp(outDir, bare, { recursive: true })
      for (const name of ['.judged', summary.export_id]) await rm(join(bare, name), { recursive: true })
      const again = await runExport({ ...base, outDir: bare, asOf: summary.export_id })
      expect(again).toMatchObject({ export_id: summary.export_id, reused: false })
      expect(await filesOf(again.dir)).toEqual(await filesOf(summary.dir))
      const path = join(summary.dir, 'meta/supersedes.jsonl')
      const lines = existsSync(path) ? (await readFile(path, 'utf8')).split('\n').filter(Boolean) : []
      return {
        ...summary,
        judged,
        manifest: JSON.parse(await readFile(summary.manifest_path, 'utf8')),
        superseded: lines.map((line) => JSON.parse(line).reason).sort(),
      }
    },
  }
}
