import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type CuratedRow,
  jsonl,
  preferenceRow,
  type RowMeta,
  readRecords,
  sha256,
  targetOf,
  validateRecords,
} from '@flywheel/curation'
import { dataDirOf } from '../config.js'
import { type AnyManifest, openSet, supersededBy } from '../diff/published-set.js'
import { CliError, EXIT } from '../exit.js'
import { isFolder } from '../export-folder.js'

/** One shard of pairs with its sidecar. */
export interface SourceShard {
  split: string
  path: string
  sidecar: string
  rows: number
}

/** A published set whose pairs are sampled anew. */
export interface Source {
  dir: string
  manifest: AnyManifest
  shards: SourceShard[]
}

async function folderOf(given: string, dataDir: string | undefined): Promise<string> {
  if (await isFolder(given)) return given
  const exports = join(dataDirOf(dataDir), 'exports')
  const ids = (await readdir(exports).catch((): string[] => [])).filter((name) => /^[0-9a-f]{64}$/.test(name))
  const found = ids.filter((id) => given !== '' && id.startsWith(given))
  const [one, other] = found
  if (one !== undefined && other === undefined) return join(exports, one)
  if (one !== undefined)
    throw new CliError(
      EXIT.usage,
      `${found.length} exports in ${exports} begin with ${given}: ${found.slice(0, 5).join(', ')}; give more of the id`,
    )
  throw new CliError(
    EXIT.notFound,
    `${given} is neither a folder nor an export in ${exports}; give the folder that export list shows, or a copy of it`,
  )
}

/**
 * Opens an export: its folder, or its id (or how that begins) below the data folder.
 * @throws CliError where it holds no pairs in JSON lines of the target `trl`
 */
export async function openSource(given: string, dataDir?: string): Promise<Source> {
  const { dir, manifest } = await openSet(await folderOf(given, dataDir))
  const files = manifest.files.filter(({ target, shape }) => target === 'trl' && shape === 'preference')
  const shards = files
    .filter(({ format, rows }) => format === 'jsonl' && rows > 0)
    .map(({ path, split, rows }) => {
      const name = path.slice(path.lastIndexOf('/') + 1)
      return { split, path, sidecar: `meta/preference-${name}`, rows }
    })
  if (shards.length > 0) return { dir, manifest, shards }
  const why = files.length > 0 ? 'its pairs are in Parquet alone: name jsonl in formats' : 'it holds no pairs of trl'
  throw new CliError(EXIT.notFound, `${dir} has no pairs in JSON lines; ${why}, and export once more`)
}

async function readWhole({ dir, manifest }: Source, path: string): Promise<Uint8Array> {
  const bytes = await readFile(join(dir, path)).catch(() => null)
  const known = manifest.files.find((file) => file.path === path)
  if (bytes !== null && known !== undefined && sha256(bytes) === known.sha256) return bytes
  const advice = 'rows of it may have been erased, or the copy is damaged: take the newest export of its place'
  throw new CliError(EXIT.failed, `${join(dir, path)} is not what the manifest says; ${advice}`)
}

/**
 * The rows of a shard, judged as their trainer would.
 * @throws CliError where they are not what was published, or rows of the export were erased or withdrawn meanwhile
 */
export async function readShard(source: Source, shard: SourceShard): Promise<CuratedRow[]> {
  // Its files may stand for a while longer: nobody's prompt is sent anywhere who has left.
  const instead = await supersededBy(source.dir)
  if (instead !== null) {
    const message = `Rows of ${source.manifest.export_id} were erased or withdrawn; sample export ${instead}, which has its place`
    throw new CliError(EXIT.failed, message)
  }
  const records = await readRecords(jsonl, await readWhole(source, shard.path))
  const metas = await readRecords(jsonl, await readWhole(source, shard.sidecar))
  const target = targetOf('trl')
  const [problem] = validateRecords(
    records,
    target,
    target.parts.find(({ id }) => id === 'preference'),
  )
  if (problem !== undefined || records.length !== metas.length) {
    const what = problem === undefined ? 'sidecar of another length' : `row ${problem.row}: ${problem.code}`
    throw new CliError(EXIT.failed, `${shard.path}: ${what}; see flywheel export validate ${source.dir}`)
  }
  return records.map((record, n) => preferenceRow(record, metas[n] as unknown as RowMeta))
}
