import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CliError, EXIT } from '../exit.js'

const DATA = /\.(?:jsonl|ndjson|json|parquet)$/
// What stands beside rows: sidecars, manifests, configurations.
const BESIDE =
  /^(?:manifest-[0-9a-f]+|run|dataset_infos?|dataset_dict|state|croissant|package|config|openlineage)\.jsonl?$/
const SHARD = /-\d{5}-of-\d{5}(?=\.)/

/** Files that a loader reads as one table, in the order of their names. */
export interface Group {
  name: string
  paths: string[]
}

async function walk(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const found = await Promise.all(
    entries.map((entry) => {
      if (entry.name.startsWith('.') || (entry.isDirectory() && entry.name === 'meta')) return []
      if (entry.isDirectory()) return walk(join(folder, entry.name))
      return entry.isFile() && DATA.test(entry.name) && !BESIDE.test(entry.name) ? [join(folder, entry.name)] : []
    }),
  )
  return found.flat().sort()
}

/** Of an export of Flywheel the files of one target, by its manifest; null for any other folder. */
async function exported(folder: string, target: string): Promise<string[] | null> {
  const name = (await readdir(folder)).find((each) => /^manifest-[0-9a-f]{64}\.json$/.test(each))
  if (name === undefined) return null
  const { files } = JSON.parse(await readFile(join(folder, name), 'utf8')) as {
    files: { path: string; target?: string }[]
  }
  const mine = files.filter((file) => file.target === target)
  if (mine.length > 0) return mine.map(({ path }) => join(folder, path))
  const known = [...new Set(files.map((file) => file.target ?? ''))].filter((each) => each !== '')
  const message = `The export ${folder} has no files for the target ${target}; it has ${known.join(', ') || 'none'}`
  throw new CliError(EXIT.notFound, message)
}

/**
 * The files that a path names: itself, or every JSON, JSON lines and Parquet file of a folder, shards of one name and
 * format together.
 * @throws CliError where nothing is there
 */
export async function groupsOf(path: string, target: string): Promise<Group[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new CliError(EXIT.notFound, `${path} cannot be read; give the path of a file or folder with rows`, { cause })
  })
  if (!found.isDirectory()) return [{ name: path, paths: [path] }]
  const paths = (await exported(path, target)) ?? (await walk(path))
  if (paths.length === 0) {
    throw new CliError(EXIT.notFound, `${path} holds no .jsonl, .json or .parquet file; give the folder of the shards`)
  }
  const groups = new Map<string, string[]>()
  for (const each of paths) {
    const name = join(dirname(each), basename(each).replace(SHARD, '-*'))
    groups.set(name, [...(groups.get(name) ?? []), each])
  }
  return [...groups].map(([name, own]) => ({ name, paths: own }))
}
