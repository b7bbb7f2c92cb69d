import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { canonicalJson, jsonLines, type Manifest, sha256, withoutRows } from '@flywheel/curation'
import {
  type Database,
  type ExportItemRow,
  type ExportRow,
  exportItems,
  getExport,
  recordExport,
  recordExportItems,
  supersedeExport,
} from '@flywheel/store'
import { croissant } from './documents/croissant.js'
import { openLineage } from './documents/open-lineage.js'
import { reportPage } from './documents/report.js'
import { extraAfter } from './erasure-extras.js'
import {
  type ErasedFile,
  type ErasureFile,
  type ErasureManifest,
  type ErasureReason,
  erasureCard,
  erasureId,
  erasureManifest,
} from './erasure-manifest.js'
import { figuresOf } from './figures-left.js'
import { readPublished, startFolder } from './publish.js'
import { aboutRows, type Line, linesOf } from './sidecar-lines.js'
import { markRecorded, markUnrecorded } from './unrecorded.js'

/** What must leave one export. */
export interface Removal {
  /** Row ids and why. Rows of one id are made of the same events, so they leave every file together. */
  rows: ReadonlyMap<string, ErasureReason>
  /** Row ids that were erased from any export of the project: what a later delta still says of them leaves it. */
  erasedAnywhere: ReadonlySet<string>
  /** Ids of the erasures that take them. */
  erasures: ReadonlySet<string>
  /** Members of components, as `meta/assignments.jsonl` names them. */
  members: ReadonlySet<string>
}

/** What became of one export. */
export interface ErasedExport {
  export_id: string
  /** The export in its place; null where there is none. */
  replaced_by: string | null
  /** `removed`: its folder was not what its manifest says, and is gone. `missing`: its folder is not here. */
  outcome: 'rewritten' | 'removed' | 'missing'
  rows: number
  /** Ids of the erasures that took rows of it; empty where consent or an assignment alone was the cause. */
  erasures: string[]
}

export const ERASED = 'meta/erased.jsonl'
const ASSIGNMENTS = 'meta/assignments.jsonl'
const SUPERSEDES = 'meta/supersedes.jsonl'
/** Files of a delta that name rows of the exports before it. */
const OF_CHAIN: readonly string[] = ['meta/chain.jsonl', SUPERSEDES]

/** Reads the lines of every file in `meta/` once. */
async function readMeta(dir: string, manifest: Manifest): Promise<Map<string, Line[]>> {
  const paths = manifest.files.map(({ path }) => path).filter((path) => /^meta\/.*\.jsonl$/.test(path))
  return new Map(
    await Promise.all(paths.map(async (path) => [path, linesOf(await readFile(join(dir, path)))] as const)),
  )
}

/** Clusters of erased rows of which no row is left. */
function lostClusters(meta: ReadonlyMap<string, Line[]>, { rows }: Removal): Set<string> {
  const [lost, kept] = [new Set<string>(), new Set<string>()]
  for (const { row_id, cluster } of [...meta.values()].flat()) {
    if (row_id === undefined || cluster === undefined) continue
    if (rows.get(row_id) === 'erased') lost.add(cluster)
    else kept.add(cluster)
  }
  return new Set([...lost].filter((cluster) => !kept.has(cluster)))
}

/** Row ids in what a delta says of its chain that were erased and are no rows of this export. */
function chainedRows(meta: ReadonlyMap<string, Line[]>, { rows, erasedAnywhere }: Removal): Set<string> {
  const named = OF_CHAIN.flatMap((path) => meta.get(path) ?? []).flatMap(({ row_id, by }) => [row_id, by])
  return new Set(named.filter((id): id is string => typeof id === 'string' && erasedAnywhere.has(id) && !rows.has(id)))
}

const isErased = (by: Line['by'], rows: Removal['rows'], chained: ReadonlySet<string>): boolean =>
  typeof by === 'string' && (rows.has(by) || chained.has(by))

/** Whoever follows the chain still leaves the earlier row out; what took its place is no more. */
const withoutSuccessor = (line: Line): Line & { reason: string } => ({ ...line, by: null, reason: 'retracted' })

/** The files of the new folder, and what of the old one is not as it was. A shard whose rows cannot be told apart goes. */
async function rewrite(
  dir: string,
  manifest: Manifest,
  meta: ReadonlyMap<string, Line[]>,
  { rows, members }: Removal,
  chained: ReadonlySet<string>,
): Promise<{ files: ErasureFile[]; changed: ErasedFile[] }> {
  const files: ErasureFile[] = []
  const changed: ErasedFile[] = []
  const isExtra = ({ shape }: { shape: string }): boolean => shape === 'extra'
  // Last: they name what is left.
  const ordered = [...manifest.files.filter((file) => !isExtra(file)), ...manifest.files.filter(isExtra)]
  for (const { sha256: old_sha256, ...file } of ordered) {
    const old = await readFile(join(dir, file.path))
    const lines = file.rows === 0 ? [] : aboutRows(file, meta)
    const ofChain = OF_CHAIN.includes(file.path) ? chained : new Set<string>()
    const gone = (lines ?? []).map(
      ({ row_id = '', member = '' }) => rows.has(row_id) || members.has(member) || ofChain.has(row_id),
    )
    const count = file.rows - gone.filter(Boolean).length
    const isKept = lines !== undefined && file.path !== ERASED && (count > 0 || file.rows === 0)
    const left = (lines ?? []).filter((_, row) => gone[row] !== true)
    const isNamed = file.path === SUPERSEDES && left.some(({ by }) => isErased(by, rows, chained))
    const same = isExtra(file) ? extraAfter(file.path, old, manifest.files, files) : old
    const isSame = isKept && count === file.rows && !isNamed
    const bytes = isSame
      ? same
      : !isKept
        ? null
        : isNamed
          ? jsonLines(left.map((line) => (isErased(line.by, rows, chained) ? withoutSuccessor(line) : line)))
          : await withoutRows(extname(file.path).slice(1), old, (row) => gone[row] === true)
    if (bytes !== null) files.push({ ...file, rows: count, bytes })
    if (bytes !== old) changed.push({ path: file.path, old_sha256, new_sha256: bytes === null ? null : sha256(bytes) })
  }
  return { files, changed: changed.sort((a, b) => (a.path < b.path ? -1 : 1)) }
}

/**
 * Replaces one published export by an erasure export: its files less the rows and members named, under a new id, with its
 * old one as the parent. Killed at any moment it can be run again: the new folder appears whole in one rename, then the
 * store knows it, then the old one is superseded, and only then the old files go.
 * @returns null where nothing of what must leave is in it, or where it was replaced since it was listed
 */
export async function eraseExport(
  db: Database,
  outDir: string,
  row: ExportRow,
  removal: Removal,
  now: () => Date,
): Promise<ErasedExport | null> {
  // A second export in its place would have no record of its rows: nothing would ever leave it again.
  if ((await getExport(db, row.project_id, row.id))?.status !== 'published') return null
  const items = await exportItems(db, row.project_id, row.id)
  const dir = join(outDir, row.id)
  const base = { export_id: row.id, rows: removal.rows.size, erasures: [...removal.erasures].sort() }
  const published = await readPublished(dir)
  if (published === null) {
    if (removal.rows.size === 0) return null
    if ((await stat(dir).catch(() => null)) === null) return { ...base, replaced_by: null, outcome: 'missing' }
    // Its files are not what its manifest says: nobody can tell which of them holds whose text. The store first: cut off
    // in between, the next pass removes the folder; without one, this export would read as one that somebody moved away.
    const removed = { rows: base.rows, erasures: base.erasures }
    await supersedeExport(db, { ...row, summary: JSON.stringify({ ...JSON.parse(row.summary || '{}'), removed }) })
    await rm(dir, { recursive: true, force: true })
    return { ...base, replaced_by: null, outcome: 'removed' }
  }
  const { manifest } = published
  const meta = await readMeta(dir, manifest)
  const known = new Set((meta.get(ASSIGNMENTS) ?? []).flatMap(({ member }) => member ?? []))
  const lost = [...removal.members, ...lostClusters(meta, removal)].filter((member) => known.has(member))
  const chained = chainedRows(meta, removal)
  if (removal.rows.size === 0 && lost.length === 0 && chained.size === 0) return null

  const id = erasureId(row.id, [...removal.rows.keys()], lost, [...chained])
  const place = join(outDir, id)
  let next = (await readPublished(place))?.manifest as ReturnType<typeof erasureManifest> | undefined
  if (next === undefined) {
    const { files, changed } = await rewrite(dir, manifest, meta, { ...removal, members: new Set(lost) }, chained)
    const list = [...removal.rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([row_id, reason]) => ({ row_id, reason }))
    const likeOthers = manifest.files.find(({ path }) => path === ASSIGNMENTS) ?? manifest.files[0]
    files.push({
      ...(likeOthers as Manifest['files'][number]),
      path: ERASED,
      rows: list.length,
      bytes: jsonLines(list),
    })
    files.sort((a, b) => (a.path < b.path ? -1 : 1))
    const count = (reason: ErasureReason): number => list.filter((each) => each.reason === reason).length
    const left = items.filter(({ row_id }) => !removal.rows.has(row_id))
    next = erasureManifest(
      manifest,
      id,
      files,
      { rows: { erased: count('erased'), withdrawn: count('withdrawn') }, members: lost.length, files: changed },
      left,
      await figuresOf(files, left),
    )
    const card = await readFile(join(dir, 'README.md'), 'utf8')
    await publish(outDir, row.project_id, id, files, next, erasureCard(card, next), now)
  }
  await record(db, row, items, next, place, base)
  await markRecorded(place)
  await supersedeExport(db, row)
  await removeErased(dir, next)
  return { ...base, replaced_by: id, outcome: 'rewritten' }
}

async function publish(
  outDir: string,
  project_id: string,
  id: string,
  files: readonly ErasureFile[],
  manifest: ErasureManifest,
  card: string,
  now: () => Date,
): Promise<void> {
  const folder = await startFolder(outDir)
  try {
    for (const { path, bytes } of files) await folder.write(path, bytes)
    await folder.write('README.md', card)
    await folder.write('croissant.json', croissant(manifest))
    await folder.write('report.html', await reportPage(manifest))
    const at = now().toISOString()
    const run = { export_id: id, started_at: at, finished_at: at, node: process.version }
    await folder.write('run.json', `${JSON.stringify(run)}\n`)
    await folder.write('openlineage.jsonl', openLineage(manifest, project_id, run))
    const text = canonicalJson(manifest)
    await folder.write(`manifest-${sha256(text)}.json`, text)
    await markUnrecorded(folder, project_id)
    await folder.publish(id, async (place) => {
      const published = await readPublished(place)
      return published !== null && canonicalJson(published.manifest) === text ? published : null
    })
  } catch (error) {
    await folder.discard()
    throw error
  }
}

/** Its created_at is the parent's: it stands in the parent's place in every list, and the newest export stays the newest. */
async function record(
  db: Database,
  parent: ExportRow,
  items: readonly ExportItemRow[],
  manifest: ReturnType<typeof erasureManifest>,
  path: string,
  { rows, erasures }: Pick<ErasedExport, 'rows' | 'erasures'>,
): Promise<void> {
  const { export_id } = manifest
  const gone = new Set(linesOf(await readFile(join(path, ERASED))).map(({ row_id }) => row_id))
  await recordExportItems(
    db,
    items.filter(({ row_id }) => !gone.has(row_id)).map((item) => ({ ...item, export_id })),
  )
  const counts = manifest.statistics.rows as Record<string, number>
  await recordExport(db, {
    ...parent,
    id: export_id,
    parent: parent.id,
    kind: 'erasure',
    status: 'published',
    manifest_sha256: sha256(canonicalJson(manifest)),
    path,
    summary: JSON.stringify({ ...JSON.parse(parent.summary || '{}'), rows_taken: rows, erasures }),
    pairs: counts['preference'] ?? 0,
    unpaired: counts['unpaired'] ?? 0,
    supervised: counts['supervised'] ?? 0,
    updated_at: parent.created_at,
  })
}

/** Removes from a superseded folder what its erasure export holds otherwise; its manifest and its card stay. */
export async function removeErased(
  dir: string,
  { erased, export_id }: Pick<ReturnType<typeof erasureManifest>, 'erased' | 'export_id'>,
): Promise<void> {
  if ((await stat(dir).catch(() => null)) === null) return
  for (const { path } of erased.files) await rm(join(dir, path), { force: true })
  await writeFile(join(dir, 'superseded-by.json'), `${JSON.stringify({ export_id })}\n`, { mode: 0o600 })
}
