import { join, resolve } from 'node:path'
import {
  buildManifest,
  CODE_VERSIONS,
  type Coverage,
  canonicalJson,
  canonicalTime,
  datasetCard,
  type ExportIdentity,
  exportId,
  type FileEntry,
  type FunnelStep,
  jsonLinePieces,
  type Manifest,
  manifestFile,
  parseRecipe,
  type Recipe,
  type RecipeInput,
  type RowReader,
  recipeHash,
  refuseLeaks,
  type Statistics,
  type StoredRecipe,
  sha256,
  writeShards,
  writeWhole,
} from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import { type Database, recordExport, recordExportItems } from '@flywheel/store'
import { type Curated, curatedOf } from './curated-set.js'
import { croissant } from './documents/croissant.js'
import { openLineage } from './documents/open-lineage.js'
import { reportPage } from './documents/report.js'
import { earlierExport, type Inherited, latestExports } from './earlier-export.js'
import type { MetaFile } from './export-chain.js'
import { prepareSet } from './prepare-set.js'
import { type Published, readPublished, startFolder, sweepUnfinished, type Unfinished } from './publish.js'
import { refuseChangedInputs } from './refusals.js'
import { resolveStored } from './stored-recipe.js'
import { toldCoverage } from './told-coverage.js'
import type { Progress } from './units/curate-units.js'
import { markRecorded, markUnrecorded } from './unrecorded.js'

/** Options of `runExport`. */
export interface RunExportOptions {
  db: Database
  projectId: string
  /** As a person wrote it, or the name of a stored one. @default the default recipe */
  recipe?: RecipeInput | StoredRecipe | undefined
  /** RFC 3339 UTC: only what was received at or before it. Not asked for with `asOf`. */
  watermark?: string | undefined
  /** RFC 3339 UTC: consent and erasure as of then. @default watermark */
  cutoff?: string | undefined
  /**
   * Export id whose splits the components keep, and which a delta continues; it must stand in `outDir`. `latest`: the
   * newest that is there and was split by the same rule, if any; for a delta rather the newest of the same recipe. What
   * the newest of any rule holds out for evaluation stays held out. @default none
   */
  parent?: string | undefined
  /**
   * Id of an earlier export, to make it once more: its snapshot, cut-off, recipe and parent are taken, the others here
   * are not. The answer is the same id and the same bytes, or an error.
   */
  asOf?: string | undefined
  /** Folder that holds one folder an export. */
  outDir: string
  /** The project's random key, under which row ids are HMACs. */
  rowKey: Uint8Array
  /** The wall clock, for `run.json` and the record of the export alone. */
  now: () => Date
  /** Threads that judge units beside this one; 0 judges them here. @default none on two cores, else all but one, at most 8 */
  workers?: number | undefined
  /** Bytes of texts of one unit. @default 12 million */
  unitBytes?: number | undefined
  /** Hears how far the run is. */
  onProgress?: ((progress: Progress) => void) | undefined
}

/** What a run made, or found made. */
export interface ExportSummary {
  export_id: string
  dir: string
  pairs: number
  unpaired: number
  supervised: number
  funnel: FunnelStep[]
  manifest_path: string
  /** The first row as it stands in its file: a preference if there is one. */
  first_row: Record<string, unknown> | null
  /** The same export stood there already, whole. */
  reused: boolean
}

interface Resolved extends Inherited {
  watermark: string
  cutoff: string
  recipe: Recipe
  /** When the export was first made, if it was. */
  created_at?: string
}

/** Snapshot, recipe and parent of what is asked for. */
export async function resolveRequest(options: Omit<RunExportOptions, 'now'>, outDir: string): Promise<Resolved> {
  const { db, projectId, asOf, watermark } = options
  if (asOf !== undefined) return await earlierExport(db, projectId, asOf)
  const recipe = parseRecipe(await resolveStored(db, projectId, options.recipe ?? {}))
  if (watermark === undefined) throw new FlywheelError('invalid_request', 'An export needs a watermark')
  const inherited =
    options.parent === 'latest'
      ? await latestExports(db, projectId, recipe, watermark, outDir)
      : { parent: options.parent, held_out_by: undefined }
  return { watermark, cutoff: options.cutoff ?? watermark, recipe, ...inherited }
}

/** Tells of the rows that are read. */
function counted(rows: RowReader, of: number, onProgress: RunExportOptions['onProgress']): RowReader {
  let done = 0
  return {
    async *read(which) {
      for await (const batch of rows.read(which)) {
        yield batch
        done += batch.length
        onProgress?.({ stage: 'write', done, of })
      }
    },
  }
}

/**
 * Writes the files beside the shards, before them, and forgets their lines, which grow with the set. A function of its own: where it awaits, another would keep the last of them until its end.
 */
async function writeBeside(folder: Unfinished, meta: MetaFile[]): Promise<FileEntry[]> {
  const entries: FileEntry[] = []
  for (const { path, lines } of meta.splice(0)) {
    const about = { path, target: '', shape: 'meta', split: '', format: 'jsonl', rows: lines.length }
    entries.push(await writeWhole(folder, about, jsonLinePieces(lines)))
  }
  return entries
}

async function writeSet(
  folder: Unfinished,
  curated: Curated,
  {
    export_id,
    recipe,
    coverage,
    onProgress,
  }: { export_id: string; recipe: Recipe; coverage: Coverage; onProgress: RunExportOptions['onProgress'] },
): Promise<Manifest> {
  const { layouts, set, identity, figures, supersedes } = curated
  const rows = counted(curated.rows, set.kept.length * recipe.targets.length, onProgress)
  const beside = await writeBeside(folder, curated.meta)
  const written = await writeShards(rows, recipe, folder, layouts)
  const problems = [...refuseLeaks(set), ...written.problems]
  if (problems.length > 0) {
    throw new FlywheelError('internal', `Export ${export_id} was not published: ${problems.slice(0, 5).join('; ')}`)
  }
  const files = [...written.files, ...beside]
  return { ...buildManifest(export_id, identity, set, figures, files, written.layouts, supersedes), coverage }
}

/** Rows of an export as they are recorded, some thousand at a time. */
async function recordItems(
  db: Database,
  rows: RowReader,
  { projectId, export_id }: { projectId: string; export_id: string },
): Promise<void> {
  let items: Parameters<typeof recordExportItems>[1][number][] = []
  for await (const batch of rows.read()) {
    for (const { shape, meta, event_ids } of batch) {
      const { split, row_id, strategy, component } = meta
      items.push({ project_id: projectId, export_id, config: shape, split, row_id, strategy, component, event_ids })
    }
    if (items.length < ITEMS_AT_A_TIME) continue
    await recordExportItems(db, items)
    items = []
  }
  if (items.length > 0) await recordExportItems(db, items)
}

const ITEMS_AT_A_TIME = 5000

/**
 * Runs one export: snapshot, curate, write, verify, publish, record. The folder appears whole in one rename, shards
 * before the manifest; the record follows. Killed at any moment, it can be run again: the same snapshot, recipe, code
 * and parent have the same id and the same bytes, and what is there whole is reused. Memory holds the facts of
 * every candidate (docs/speed.md has what they cost), the texts of one unit, of a shard a
 * thousand rows while it is written, and its file while it is read back.
 *
 * @throws FlywheelError `invalid_request` for a recipe, `nothing_to_export` naming the gate that took everything,
 * `inputs_changed` where retention or erasure took inputs of the same export
 */
export async function runExport(options: RunExportOptions): Promise<ExportSummary> {
  const { db, projectId, now } = options
  const started_at = now().toISOString()
  const outDir = resolve(options.outDir)
  await sweepUnfinished(outDir)
  const request = await resolveRequest(options, outDir)
  const { watermark, recipe, parent, held_out_by } = request
  const workspace = await startFolder(outDir)
  try {
    const prepared = await prepareSet(
      { ...options, isRemembered: options.asOf === undefined },
      request,
      outDir,
      workspace.path,
    )
    const { units, ports, assignments, chain } = prepared
    try {
      const { inputs } = units
      const identity: ExportIdentity = {
        watermark,
        cutoff: request.cutoff,
        inputs,
        recipe,
        parent: parent ?? null,
        ...(held_out_by === undefined ? {} : { held_out_by }),
        evaluation_sets: prepared.evaluation_sets,
        ...(prepared.join === undefined ? {} : { join: prepared.join }),
      }
      await refuseChangedInputs(db, projectId, { ...identity, code: CODE_VERSIONS })
      const export_id = exportId(identity)
      if (options.asOf !== undefined && export_id !== options.asOf) {
        throw new FlywheelError(
          'inputs_changed',
          `Export ${options.asOf} cannot be made again: it would be ${export_id}`,
        )
      }
      const curated = await curatedOf(units, { identity, recipe, ports, assignments, chain, parent })
      const summary = await publishSet({
        options,
        request,
        curated,
        export_id,
        started_at,
        place: join(outDir, export_id),
        outDir,
      })
      units.remember(export_id)
      return summary
    } finally {
      units.close()
    }
  } finally {
    await workspace.discard()
  }
}

/** A published set, and whether it stood there already. */
type Made = Pick<Published, 'manifest' | 'finished_at'> & Pick<ExportSummary, 'reused'>

async function publishSet({
  options: { db, projectId, now, onProgress },
  request,
  curated,
  export_id,
  started_at,
  place,
  outDir,
}: {
  options: RunExportOptions
  request: Resolved
  curated: Curated
  export_id: string
  started_at: string
  place: string
  outDir: string
}): Promise<ExportSummary> {
  const { watermark, cutoff, recipe, parent, held_out_by } = request
  const { set, identity, figures, rows, layouts } = curated
  // Its name is the hash of all that its bytes depend on; a folder whose files are not those of its manifest is not whole.
  const statistics = figures.finish(set)
  const standingAt = async (where: string): Promise<Made | null> => {
    const published = await readPublished(where)
    const isWhole = published !== null && isOf(published.manifest, export_id, statistics)
    return isWhole ? { ...published, reused: true } : null
  }
  const write = async (): Promise<Made> => {
    const folder = await startFolder(outDir)
    try {
      const coverage = await toldCoverage(db, { projectId, export_id, watermark, set })
      const manifest = await writeSet(folder, curated, { export_id, recipe, coverage, onProgress })
      await folder.write('README.md', datasetCard(manifest, layouts))
      const finished_at = now().toISOString()
      await folder.write('croissant.json', croissant(manifest))
      await folder.write('report.html', await reportPage(manifest))
      const run = { export_id, started_at, finished_at, node: process.version }
      await folder.write('run.json', `${JSON.stringify(run)}\n`)
      await folder.write('openlineage.jsonl', openLineage(manifest, projectId, run))
      const { path, text } = manifestFile(manifest)
      await folder.write(path, text)
      await markUnrecorded(folder, projectId)
      // Another run of the same may have published meanwhile: its lease was lost, or this one's.
      return (await folder.publish(export_id, standingAt)) ?? { manifest, finished_at, reused: false }
    } catch (error) {
      await folder.discard()
      throw error
    }
  }
  const { manifest, finished_at, reused } = (await standingAt(place)) ?? (await write())
  const { path: manifestName, text } = manifestFile(manifest)
  const { rows: count } = manifest.statistics
  const counts = { pairs: count.preference, unpaired: count.unpaired, supervised: count.supervised }
  await recordItems(db, rows, { projectId, export_id })
  await recordExport(db, {
    project_id: projectId,
    id: export_id,
    parent: parent ?? '',
    kind: manifest.kind,
    status: 'published',
    watermark: canonicalTime(watermark),
    recipe_name: recipe.name,
    recipe_hash: recipeHash(recipe),
    manifest_sha256: sha256(text),
    path: place,
    ...counts,
    funnel: JSON.stringify(set.funnel),
    summary: JSON.stringify({
      cutoff: canonicalTime(cutoff),
      inputs: identity.inputs,
      code: CODE_VERSIONS,
      recipe,
      held_out_by,
      // As it is read from its file: recorded once more from there it is the same record.
      coverage: manifest.coverage && JSON.parse(canonicalJson(manifest.coverage)),
    }),
    created_at: canonicalTime(request.created_at ?? finished_at),
  })
  await markRecorded(place)
  return {
    export_id,
    dir: place,
    ...counts,
    funnel: set.funnel,
    manifest_path: join(place, manifestName),
    first_row: curated.firstRow,
    reused,
  }
}

function isOf(manifest: Manifest, export_id: string, statistics: Statistics): boolean {
  return manifest.export_id === export_id && canonicalJson(manifest.statistics) === canonicalJson(statistics)
}
