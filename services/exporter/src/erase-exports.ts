import { createHmac } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { canonicalJson } from '@flywheel/curation'
import {
  allExports,
  type Database,
  type ExportRow,
  erasedItems,
  erasedMembers,
  forgetSupersededItems,
  type KeyedHash,
  runsUnderWay,
} from '@flywheel/store'
import { ERASED, type ErasedExport, eraseExport, type Removal, removeErased } from './erase-export.js'
import type { ErasureManifest, ErasureReason } from './erasure-manifest.js'
import { forgetItems } from './evaluation-sets.js'
import { forgetJudged } from './judged/forget-judged.js'
import { sweepUnfinished } from './publish.js'
import { removeUnrecorded } from './unrecorded.js'
import { readBook, withdrawnItems } from './withdrawn-items.js'

/** Options of `eraseFromExports`. */
export interface EraseFromExportsOptions {
  db: Database
  projectId: string
  /** The project's random key, under which row ids are HMACs. */
  rowKey: Uint8Array
  /** The key of the hashes in the project's tombstones. */
  erasureKey: KeyedHash
  /** Folder that holds one folder an export. */
  outDir: string
  now: () => Date
}

const POLL_MS = 500

/**
 * Takes out of every published export of a project the rows behind which an erased event stands, the rows whose consent
 * was withdrawn since, and what names the erased people in the assignments. Each affected export is replaced by an erasure
 * export; registered evaluation sets lose the items that exports wrote of these rows. Runs that are under way are waited for, because they may publish what they read before; a run that begins later
 * reads neither.
 * @returns the exports that held any of it
 */
export async function eraseFromExports(options: EraseFromExportsOptions): Promise<ErasedExport[]> {
  const { db, projectId, outDir, now } = options
  await othersEnded(db, projectId)
  await sweepUnfinished(outDir)
  await removeUnrecorded(options, () => othersEnded(db, projectId))
  const consents = await readBook(db, projectId, now())
  await forgetJudged(db, options, consents)
  const exports = await allExports(db, projectId)
  await forgetSupersededItems(db, projectId)
  await finishInterrupted(outDir, exports)
  const published = exports.filter(({ status }) => status === 'published')
  if (published.length === 0) return []
  const rows = new Map<string, Map<string, ErasureReason>>()
  const add = (id: string, row_id: string, reason: ErasureReason): void => {
    const own = rows.get(id) ?? new Map<string, ErasureReason>()
    rows.set(id, own.set(row_id, reason))
  }
  for (const row of published)
    for (const row_id of await withdrawnItems(db, row, consents)) add(row.id, row_id, 'withdrawn')
  // After the others: what was erased stays erased, whatever becomes of a consent.
  const erasures = new Map<string, Set<string>>()
  for (const { export_id, row_id, erasures: by } of await erasedItems(db, projectId)) {
    add(export_id, row_id, 'erased')
    erasures.set(export_id, new Set([...(erasures.get(export_id) ?? []), ...by]))
  }

  const members = await membersOf(options)
  const erasedAnywhere = await erasedRows(outDir, published, rows)
  const leaving = [...rows.values()].flatMap((each) => [...each.keys()])
  const done: ErasedExport[] = []
  for (const row of published) {
    const removal: Removal = {
      rows: rows.get(row.id) ?? new Map(),
      erasedAnywhere,
      erasures: erasures.get(row.id) ?? new Set(),
      members,
    }
    const result = await eraseExport(db, outDir, row, removal, now)
    if (result !== null) done.push(result)
  }
  // Also what was registered only after its rows had left: their copy may be older.
  await forgetItems(outDir, new Set([...erasedAnywhere, ...leaving]))
  return done
}

async function othersEnded(db: Database, projectId: string): Promise<void> {
  const waited = new Set(await runsUnderWay(db, projectId))
  while (waited.size > 0) {
    await sleep(POLL_MS)
    const live = await runsUnderWay(db, projectId)
    for (const id of waited) if (!live.includes(id)) waited.delete(id)
  }
}

/** As curation names members in `meta/assignments.jsonl`. */
async function membersOf({ db, projectId, rowKey, erasureKey }: EraseFromExportsOptions): Promise<Set<string>> {
  const { users, sessions } = await erasedMembers(db, erasureKey, projectId)
  const names = [...users.map((user) => `user:${user}`), ...sessions.map((session) => `session:${session}`)]
  return new Set(
    names.map((name) =>
      createHmac('sha256', rowKey)
        .update(canonicalJson([name]))
        .digest('hex')
        .slice(0, 32),
    ),
  )
}

/**
 * Rows that an erasure takes now, and those that it took before from exports that stand: a pass that ended between two
 * exports of a chain left their names in the later one.
 */
async function erasedRows(
  outDir: string,
  published: readonly ExportRow[],
  rows: ReadonlyMap<string, ReadonlyMap<string, ErasureReason>>,
): Promise<Set<string>> {
  const now = [...rows.values()].flatMap((each) => [...each]).map(([row_id, reason]) => ({ row_id, reason }))
  const before = await Promise.all(
    published
      .filter(({ kind }) => kind === 'erasure')
      .map(async ({ id }) => erasedLines(await readFile(join(outDir, id, ERASED), 'utf8').catch(() => ''))),
  )
  return new Set([...now, ...before.flat()].filter(({ reason }) => reason === 'erased').map(({ row_id }) => row_id))
}

const erasedLines = (text: string): { row_id: string; reason: ErasureReason }[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { row_id: string; reason: ErasureReason })

/** A crash after an export was superseded leaves its files; nobody else would look for them again. */
async function finishInterrupted(outDir: string, exports: readonly ExportRow[]): Promise<void> {
  const superseded = new Set(exports.filter(({ status }) => status === 'superseded').map(({ id }) => id))
  for (const { id, summary } of exports.filter(({ status }) => status === 'superseded'))
    if ('removed' in JSON.parse(summary || '{}')) await rm(join(outDir, id), { recursive: true, force: true })
  for (const { id, parent, kind, manifest_sha256 } of exports) {
    if (kind !== 'erasure' || !superseded.has(parent)) continue
    const text = await readFile(join(outDir, id, `manifest-${manifest_sha256}.json`), 'utf8').catch(() => null)
    if (text !== null) await removeErased(join(outDir, parent), JSON.parse(text) as ErasureManifest)
  }
}
