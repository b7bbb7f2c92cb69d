import type { Format } from '../formats/format.js'
import { jsonLinePieces } from '../formats/jsonl.js'
import { FORMATS } from '../formats/registry.js'
import type { Layout, Part, Table, Target } from '../formats/target.js'
import type { Recipe } from '../recipe.js'
import { type FileEntry, fileEntry, measure } from './file-entry.js'
import { type Entry, entriesOf, layoutsOf, partOf, SPLITS, targetsOf } from './plan.js'
import type { RowReader } from './row-reader.js'
import { verifyShard } from './verify-shards.js'

/** Where files are written. A shard is named once it is known how many there are. */
export interface ShardStore {
  /** @param pieces of the file's bytes, which are made as they are read: once */
  write(path: string, pieces: Iterable<Uint8Array>): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** The bytes as they can be read again. */
  read(path: string): Promise<Uint8Array>
}

/** What was written, and what a loader would find wrong with it. */
export interface WrittenShards {
  files: FileEntry[]
  layouts: Layout[]
  /** In words; nothing may be published while there is any. */
  problems: string[]
}

function shardName(index: number, of: number): string {
  const digits = (count: number): string => String(count).padStart(5, '0')
  return `${digits(index)}-of-${digits(of)}`
}

interface Stream {
  target: Target
  part: Part
  layout: Layout
  split: string
  formats: readonly Format[]
}

interface Unnamed {
  about: Omit<FileEntry, 'path' | 'bytes' | 'sha256'>
  pieces: Iterable<Uint8Array>
  nameOf(shard: string): string
}

function filesOf(entries: readonly Entry[], { target, part, layout, split, formats }: Stream): Unnamed[] {
  const table: Table = { columns: part.columns?.(layout) ?? [], messages: layout }
  const common = { split, rows: entries.length }
  const records = entries.map(({ record }) => record)
  const files: Unnamed[] = formats.map((format) => ({
    about: { ...common, target: target.id, shape: part.id, format: format.id },
    pieces: format.write(records, table),
    nameOf: (shard) => `${target.folder(part.id, split)}${split}-${shard}.${format.extension}`,
  }))
  // TRL's sidecars had no target in their names before there were others.
  const own = target.id === 'trl' ? part.id : `${target.id}-${part.id}`
  files.push({
    about: { ...common, target: '', shape: 'meta', format: 'jsonl' },
    pieces: jsonLinePieces(entries.map(({ row }) => row.meta)),
    nameOf: (shard) => `meta/${own}-${split}-${shard}.jsonl`,
  })
  return files
}

/** Cuts a stream into shards of equal length but for the last. */
async function* shardsOf(batches: AsyncIterable<readonly Entry[]>, shardRows: number): AsyncGenerator<Entry[]> {
  let shard: Entry[] = []
  for await (const batch of batches) {
    for (const entry of batch) {
      shard.push(entry)
      if (shard.length < shardRows) continue
      yield shard
      shard = []
    }
  }
  if (shard.length > 0) yield shard
}

async function writeStream(
  rows: RowReader,
  stream: Stream,
  shardRows: number,
  store: ShardStore,
): Promise<{ files: FileEntry[]; problems: string[] }> {
  const { layout, split } = stream
  const shards: { entry: FileEntry; nameOf(shard: string): string; index: number }[] = []
  const problems: { index: number; nameOf(shard: string): string; problem: string }[] = []
  let count = 0
  for await (const entries of shardsOf(entriesOf(rows, layout, split), shardRows)) {
    const index = count++
    for (const { nameOf, pieces, about } of filesOf(entries, stream)) {
      const path = nameOf(`unfinished-${index}`)
      const measured = measure(pieces)
      await store.write(path, measured.pieces)
      const entry = measured.entry({ path, ...about })
      for (const problem of await verifyShard(entry, entries, layout, await store.read(path))) {
        problems.push({ index, nameOf, problem })
      }
      shards.push({ entry, nameOf, index })
    }
  }
  const files: FileEntry[] = []
  for (const { entry, nameOf, index } of shards) {
    const path = nameOf(shardName(index, count))
    await store.rename(entry.path, path)
    files.push({ ...entry, path })
  }
  return {
    files,
    problems: problems.map(({ index, nameOf, problem }) => `${nameOf(shardName(index, count))}: ${problem}`),
  }
}

async function writeExtras(target: Target, shards: readonly FileEntry[], store: ShardStore): Promise<FileEntry[]> {
  const files = shards
    .filter((file) => file.target === target.id)
    .map(({ path, shape, split, format, rows }) => ({ path, part: shape, split, format, rows }))
  const entries: FileEntry[] = []
  for (const { path, text } of target.extras?.(files) ?? []) {
    const bytes = new TextEncoder().encode(text)
    await store.write(path, [bytes])
    entries.push(fileEntry({ path, target: '', shape: 'extra', split: '', format: 'text', rows: 0 }, bytes))
  }
  return entries
}

/**
 * Writes a set into its files: a folder a target and part with shards a split and format, and beside each shard a
 * sidecar whose n-th line is about the shard's n-th row. A split without rows has no file: loaders fail on an empty one.
 * In memory stands one shard at a time; each is read again as its target's loader would before the next is made.
 *
 * @param layouts where they are known already; else the rows are read once more
 */
export async function writeShards(
  rows: RowReader,
  recipe: Recipe,
  store: ShardStore,
  layouts?: readonly Layout[],
): Promise<WrittenShards> {
  const known = [...(layouts ?? (await layoutsOf(rows, recipe)))]
  const written: WrittenShards = { files: [], layouts: known, problems: [] }
  for (const { target, formats: asked } of targetsOf(recipe)) {
    const formats = FORMATS.filter((format) => asked.includes(format.id))
    const shards: FileEntry[] = []
    for (const layout of known.filter((each) => each.target === target.id)) {
      for (const split of SPLITS) {
        const stream = { ...partOf(layout), layout, split, formats }
        const { files, problems } = await writeStream(rows, stream, recipe.shard_rows, store)
        shards.push(...files)
        written.problems.push(...problems)
      }
    }
    written.files.push(...shards, ...(await writeExtras(target, shards, store)))
  }
  return written
}
