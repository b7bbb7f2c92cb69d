import { join } from 'node:path'
import { canonicalJson, sha256 } from '@flywheel/curation'
import { CliError, EXIT } from '../exit.js'
import { readRows } from '../validate/records.js'
import { type PublishedSet, refuseSuperseded } from './published-set.js'
import type { Shard } from './shards-of.js'

/** A row without its texts. */
export interface SetRow {
  shape: string
  row_id: string
  split: string
  strategy: string
  weight: number | null
  /** Target and part that its content was read from. */
  part: string
  /** Names of its columns, sorted, in one string that rows share. */
  columns: string
  /** `HASH_CHARS` characters a column. */
  hashes: string
}

// 48 bits: two contents of one row id collide once in 10^14.
export const HASH_CHARS: number = 12

/** Said of a row in columns of their own, which depend on the recipe's `weights`: compared from the sidecar. */
const WEIGHTS = new Set(['weight', 'margin'])

/**
 * What a trainer reads, in one spelling: whether tool arguments are text or an object, and whether rows without tools
 * have a column of them, is decided by the other rows of a set.
 */
function normal(value: unknown, key: string): unknown {
  if (key === 'arguments' && typeof value === 'string') return parsed(value)
  if (Array.isArray(value)) return value.map((each) => normal(each, ''))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, each]) => each !== null)
  return Object.fromEntries(entries.map(([name, each]) => [name, normal(each, name)]))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function hashed(record: Record<string, unknown>): Pick<SetRow, 'columns' | 'hashes'> {
  const names = Object.keys(record)
    .filter((name) => !WEIGHTS.has(name) && record[name] !== null && !(name === 'tools' && record[name] === '[]'))
    .sort()
  const hash = (name: string): string => sha256(canonicalJson(normal(record[name], name))).slice(0, HASH_CHARS)
  return { columns: names.join(' '), hashes: names.map(hash).join('') }
}

/** Equal texts once: a million rows have few strategies. */
function createPool(): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    const same = known.get(text)
    if (same === undefined) known.set(text, text)
    return same ?? text
  }
}

/**
 * The rows of a set, a line of shard and sidecar at a time: no text is held beyond its line.
 * @throws CliError where a file is missing, or shard and sidecar are not about the same rows
 */
export async function* setRows(set: PublishedSet, shards: readonly Shard[]): AsyncGenerator<SetRow> {
  const pool = createPool()
  for (const shard of shards) {
    const records = readRows(join(set.dir, shard.path))
    let rows = 0
    try {
      for await (const { value: about } of readRows(join(set.dir, shard.sidecar))) {
        const { value: record } = ((await records.next()).value ?? {}) as { value?: unknown }
        if (!isObject(about) || !isObject(record)) break
        rows++
        const { columns, hashes } = hashed(record)
        yield {
          shape: shard.shape,
          row_id: String(about['row_id']),
          split: pool(String(about['split'])),
          strategy: pool(String(about['strategy'])),
          weight: typeof about['weight'] === 'number' ? about['weight'] : null,
          part: shard.part,
          columns: pool(columns),
          hashes,
        }
      }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
      await refuseSuperseded(set)
      throw incomplete(set, shard, cause)
    }
    if (rows !== shard.rows) throw incomplete(set, shard)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function incomplete({ dir, manifest }: PublishedSet, { path, sidecar }: Shard, cause?: unknown): CliError {
  const message = `${path} and ${sidecar} in ${dir} are not what the manifest of ${manifest.export_id} says; copy the export once more, whole`
  return new CliError(EXIT.failed, message, { cause })
}
