import type { Format } from '../formats/format.js'
import { jsonLines } from '../formats/jsonl.js'
import { FORMATS } from '../formats/registry.js'
import type { Layout, Part, Table, Target } from '../formats/target.js'
import type { Recipe } from '../recipe.js'
import type { About, FileEntry } from './file-entry.js'
import { type FileWriter, MeasuredFile, writeWhole } from './measured-file.js'
import { type Entry, entriesOf, layoutsOf, partOf, SPLITS, targetsOf } from './plan.js'
import { RowDigests } from './row-digests.js'
import type { RowReader } from './row-reader.js'
import { verifyShard } from './verify-shards.js'

/** Where files are written. A shard is named once it is known how many there are. */
export interface ShardStore {
  create(path: string): Promise<FileWriter>
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

// Not where writers are: a name lives as long as the stream, and would keep what stands around it.
function namer(start: string, extension: string): (shard: string) => string {
  return (shard) => `${start}-${shard}.${extension}`
}

/** One file of a shard that is being written. */
interface OpenFile {
  file: MeasuredFile
  about: Omit<About, 'path' | 'rows'>
  bytesOf(entries: readonly Entry[]): Uint8Array
  end(): Uint8Array
  nameOf(shard: string): string
}

/** A shard, in each format and with its sidecar, whose rows are forgotten as they are written. */
class Shard {
  readonly #stream: Stream
  readonly #store: ShardStore
  readonly #index: number
  readonly #files: OpenFile[] = []
  readonly #digests = new RowDigests()

  constructor(stream: Stream, store: ShardStore, index: number) {
    this.#stream = stream
    this.#store = store
    this.#index = index
  }

  get rows(): number {
    return this.#digests.length
  }

  async open(): Promise<void> {
    const { target, part, layout, split, formats } = this.#stream
    const table: Table = { columns: part.columns?.(layout) ?? [], messages: layout }
    for (const format of formats) {
      const writer = format.open(table)
      await this.#create({
        about: { split, target: target.id, shape: part.id, format: format.id },
        bytesOf: (entries) => writer.add(entries.map(({ record }) => record)),
        end: () => writer.end(),
        nameOf: namer(`${target.folder(part.id, split)}${split}`, format.extension),
      })
    }
    // TRL's sidecars had no target in their names before there were others.
    const own = target.id === 'trl' ? part.id : `${target.id}-${part.id}`
    await this.#create({
      about: { split, target: '', shape: 'meta', format: 'jsonl' },
      bytesOf: (entries) => jsonLines(entries.map(({ row }) => row.meta)),
      end: () => new Uint8Array(0),
      nameOf: namer(`meta/${own}-${split}`, 'jsonl'),
    })
  }

  async #create(of: Omit<OpenFile, 'file'>): Promise<void> {
    const file = new MeasuredFile(await this.#store.create(this.#pathOf(of)))
    this.#files.push({ ...of, file })
  }

  #pathOf({ nameOf }: Pick<OpenFile, 'nameOf'>): string {
    return nameOf(`unfinished-${this.#index}`)
  }

  async add(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) this.#digests.add(entry)
    for (const { file, bytesOf } of this.#files) await file.write(bytesOf(entries))
  }

  /** Writes the ends of the files and reads each of them again. */
  async finish(): Promise<Written[]> {
    for (const { file, end } of this.#files) await file.write(end())
    const files = [...this.#files]
    await this.close()
    const written: Written[] = []
    for (const { file, about, nameOf } of files) {
      const entry = file.entry({ path: this.#pathOf({ nameOf }), rows: this.rows, ...about })
      const bytes = await this.#store.read(entry.path)
      const problems = await verifyShard(entry, this.#digests, this.#stream.layout, bytes)
      written.push({ entry, index: this.#index, nameOf, problems })
    }
    return written
  }

  /** Closes every file, each once. */
  async close(): Promise<void> {
    const closed = await Promise.allSettled(this.#files.splice(0).map(({ file }) => file.close()))
    for (const each of closed) if (each.status === 'rejected') throw each.reason
  }
}

/** A file that was written and has no name yet. */
interface Written {
  entry: FileEntry
  index: number
  nameOf(shard: string): string
  problems: string[]
}

/** Writes rows into shards of equal length but for the last. */
async function writeUnnamed(
  rows: RowReader,
  stream: Stream,
  shardRows: number,
  store: ShardStore,
): Promise<{ written: Written[]; count: number }> {
  const written: Written[] = []
  let count = 0
  let shard: Shard | null = null
  try {
    for await (const entries of entriesOf(rows, stream.layout, stream.split)) {
      for (let from = 0; from < entries.length; ) {
        if (shard === null) {
          shard = new Shard(stream, store, count++)
          await shard.open()
        }
        const mine = entries.slice(from, from + shardRows - shard.rows)
        from += mine.length
        await shard.add(mine)
        if (shard.rows < shardRows) continue
        written.push(...(await shard.finish()))
        shard = null
      }
    }
    if (shard !== null) written.push(...(await shard.finish()))
  } catch (error) {
    await shard?.close().catch(() => {})
    throw error
  }
  return { written, count }
}

async function writeStream(
  rows: RowReader,
  stream: Stream,
  shardRows: number,
  store: ShardStore,
): Promise<{ files: FileEntry[]; problems: string[] }> {
  const { written, count } = await writeUnnamed(rows, stream, shardRows, store)
  const files: FileEntry[] = []
  const problems: string[] = []
  for (const { entry, nameOf, index, problems: mine } of written) {
    const path = nameOf(shardName(index, count))
    await store.rename(entry.path, path)
    files.push({ ...entry, path })
    problems.push(...mine.map((problem) => `${path}: ${problem}`))
  }
  return { files, problems }
}

async function writeExtras(target: Target, shards: readonly FileEntry[], store: ShardStore): Promise<FileEntry[]> {
  const files = shards
    .filter((file) => file.target === target.id)
    .map(({ path, shape, split, format, rows }) => ({ path, part: shape, split, format, rows }))
  const entries: FileEntry[] = []
  for (const { path, text } of target.extras?.(files) ?? []) {
    const about = { path, target: '', shape: 'extra', split: '', format: 'text', rows: 0 }
    entries.push(await writeWhole(store, about, [new TextEncoder().encode(text)]))
  }
  return entries
}

/**
 * Writes a set into its files: a folder a target and part with shards a split and format, and beside each shard a
 * sidecar whose n-th line is about the shard's n-th row. A split without rows has no file: loaders fail on an empty one.
 * Each shard is read again as its target's loader would before the next is made. In memory stand the texts of a thousand
 * rows while a shard is written, and its file while it is read back; of each of its rows, hashes.
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
