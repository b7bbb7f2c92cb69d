import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  buildManifest,
  CODE_VERSIONS,
  type CuratedSet,
  canonicalJson,
  canonicalTime,
  curate,
  datasetCard,
  deltaSet,
  type ExportIdentity,
  exportId,
  type FunnelStep,
  inputsOf,
  jsonLines,
  type Layout,
  manifestFile,
  type Ports,
  parseRecipe,
  type Recipe,
  type RecipeInput,
  recipeHash,
  renderRow,
  renderShards,
  type ShardFile,
  type StoredRecipe,
  sha256,
  snapshotOf,
  verifyShards,
} from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import { type Database, recordExport, recordExportItems } from '@flywheel/store'
import { croissant } from './documents/croissant.js'
import { openLineage } from './documents/open-lineage.js'
import { reportPage } from './documents/report.js'
import { earlierExport, latestExport } from './earlier-export.js'
import { readEvaluationSets } from './evaluation-sets.js'
import { chainFiles, compareWithChain, readChain } from './export-chain.js'
import { readPublished, startFolder, sweepUnfinished } from './publish.js'
import { readEvidence } from './read-evidence.js'
import { nothingToExport, refuseChangedInputs } from './refusals.js'
import { resolveStored } from './stored-recipe.js'

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
   * newest that is there and was split by the same rule, if any; for a delta rather the newest of the same recipe. @default none
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

/** What curation asks of a project and of the export before. */
export async function rowPorts(rowKey: Uint8Array, assignments: ReadonlyMap<string, string>): Promise<Ports> {
  // Loaded with the first export: its tables are 85 MB, which a process that never exports need not hold.
  const { languageOf } = await import('@flywheel/curation/language')
  return {
    languageOf,
    rowId: (ids) => createHmac('sha256', rowKey).update(canonicalJson(ids)).digest('hex').slice(0, 32),
    assigned: (member) => assignments.get(member),
  }
}

/** The splits that the members of components have from an earlier export. */
export async function assignmentsOf(outDir: string, parent: string | undefined): Promise<Map<string, string>> {
  if (parent === undefined) return new Map()
  const published = await readPublished(join(outDir, parent))
  if (published === null) {
    throw new FlywheelError('not_found', `The parent export ${parent} is not whole in ${outDir}; name another or none`)
  }
  const text = await readFile(join(outDir, parent, 'meta/assignments.jsonl'), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  return new Map(
    lines.map((line) => {
      const { member, split } = JSON.parse(line) as { member: string; split: string }
      return [member, split]
    }),
  )
}

/** The splits of this set and of those before it: a component keeps its own also after a set that has no row of it. */
function assignmentsFile(set: CuratedSet, before: ReadonlyMap<string, string>): ShardFile {
  const all = new Map([...before, ...set.assignments.map(({ member, split }) => [member, split] as const)])
  const lines = [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([member, split]) => ({ member, split }))
  const bytes = jsonLines(lines)
  const path = 'meta/assignments.jsonl'
  return {
    path,
    target: '',
    shape: 'meta',
    split: '',
    format: 'jsonl',
    rows: lines.length,
    bytes,
    sha256: sha256(bytes),
  }
}

interface Resolved {
  watermark: string
  cutoff: string
  recipe: Recipe
  parent: string | undefined
  /** When the export was first made, if it was. */
  created_at?: string
}

/** Snapshot, recipe and parent of what is asked for. */
export async function resolveRequest(options: Omit<RunExportOptions, 'now'>, outDir: string): Promise<Resolved> {
  const { db, projectId, asOf, watermark } = options
  if (asOf !== undefined) return await earlierExport(db, projectId, asOf)
  const recipe = parseRecipe(await resolveStored(db, projectId, options.recipe ?? {}))
  if (watermark === undefined) throw new FlywheelError('invalid_request', 'An export needs a watermark')
  const isLatest = options.parent === 'latest'
  const parent = isLatest ? await latestExport(db, projectId, recipe, watermark, outDir) : options.parent
  return { watermark, cutoff: options.cutoff ?? watermark, recipe, parent }
}

function firstRow(set: CuratedSet, layouts: readonly Layout[]): Record<string, unknown> | null {
  const layout = layouts[0]
  const row = set.rows.find(({ shape, meta }) => layout?.shapes.includes(shape) && layout.splits.includes(meta.split))
  return row === undefined || layout === undefined ? null : renderRow(row, layout)
}

/**
 * Runs one export: snapshot, curate, write, verify, publish, record. The folder appears whole in one rename, shards
 * before the manifest; the record follows. Killed at any moment, it can be run again: the same snapshot, recipe, code
 * and parent have the same id and the same bytes, and what is there whole is reused.
 *
 * @throws FlywheelError `invalid_request` for a recipe, `nothing_to_export` naming the gate that took everything,
 * `inputs_changed` where retention or erasure took inputs of the same export
 */
export async function runExport(options: RunExportOptions): Promise<ExportSummary> {
  const { db, projectId, rowKey, now } = options
  const started_at = now().toISOString()
  const outDir = resolve(options.outDir)
  await sweepUnfinished(outDir)
  const request = await resolveRequest(options, outDir)
  const { watermark, cutoff, recipe, parent } = request

  const evidence = await readEvidence(db, projectId, recipe, { watermark, cutoff })
  const inputs = inputsOf(snapshotOf(evidence))
  const evaluation = await readEvaluationSets(outDir, recipe)
  const identity: ExportIdentity = {
    watermark,
    cutoff,
    inputs,
    recipe,
    parent: parent ?? null,
    evaluation_sets: evaluation.hashes,
  }
  await refuseChangedInputs(db, projectId, { ...identity, code: CODE_VERSIONS })
  const export_id = exportId(identity)
  if (options.asOf !== undefined && export_id !== options.asOf) {
    throw new FlywheelError('inputs_changed', `Export ${options.asOf} cannot be made again: it would be ${export_id}`)
  }

  const assignments = await assignmentsOf(outDir, parent)
  const ports: Ports = { ...(await rowPorts(rowKey, assignments)), evaluation: evaluation.index }
  const whole = curate(evidence, recipe, ports)
  const chain = recipe.mode === 'delta' ? await readChain(outDir, parent, recipe) : null
  const delta = chain === null ? null : compareWithChain(whole, chain.rows, evidence, recipe, ports)
  const isDelta = chain?.isFirst === false
  const set = delta === null || !isDelta ? whole : deltaSet(whole, delta)
  const supersedes = isDelta ? delta?.supersedes : undefined
  if (set.rows.length === 0 && (supersedes ?? []).length === 0) throw nothingToExport(set, recipe)
  const { files: shards, layouts } = renderShards(set, recipe)
  const chained = delta === null ? [] : chainFiles(delta, !isDelta)
  const files = [...shards, assignmentsFile(whole, assignments), ...chained]
  const manifest = buildManifest(export_id, identity, set, files, layouts, supersedes)
  const { path: manifestName, text } = manifestFile(manifest)

  const place = join(outDir, export_id)
  const published = await readPublished(place)
  const reused = published !== null && sha256(canonicalJson(published.manifest)) === sha256(text)
  let created_at = published?.finished_at ?? ''
  if (!reused) {
    const folder = await startFolder(outDir)
    try {
      for (const file of files) await folder.write(file.path, file.bytes)
      const problems = await verifyShards(set, layouts, shards, (path) => readFile(join(folder.path, path)))
      if (problems.length > 0) {
        throw new FlywheelError('internal', `Export ${export_id} was not published: ${problems.slice(0, 5).join('; ')}`)
      }
      await folder.write('README.md', datasetCard(manifest, layouts))
      created_at = now().toISOString()
      await folder.write('croissant.json', croissant(manifest))
      await folder.write('report.html', await reportPage(manifest))
      const run = { export_id, started_at, finished_at: created_at, node: process.version }
      await folder.write('run.json', `${JSON.stringify(run)}\n`)
      await folder.write('openlineage.jsonl', openLineage(manifest, projectId, run))
      await folder.write(manifestName, text)
      await folder.publish(export_id)
    } catch (error) {
      await folder.discard()
      throw error
    }
  }
  const { rows } = manifest.statistics
  const counts = { pairs: rows.preference, unpaired: rows.unpaired, supervised: rows.supervised }
  await recordExportItems(
    db,
    set.rows.map(({ shape, meta, event_ids }) => ({
      project_id: projectId,
      export_id,
      config: shape,
      split: meta.split,
      row_id: meta.row_id,
      strategy: meta.strategy,
      component: meta.component,
      event_ids,
    })),
  )
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
    summary: JSON.stringify({ cutoff: canonicalTime(cutoff), inputs, code: CODE_VERSIONS, recipe }),
    created_at: canonicalTime(request.created_at ?? created_at),
  })
  return {
    export_id,
    dir: place,
    ...counts,
    funnel: set.funnel,
    manifest_path: join(place, manifestName),
    first_row: firstRow(set, layouts),
    reused,
  }
}
