import {
  buildManifest,
  type CuratedSet,
  digestsOf,
  type ExportIdentity,
  type FileEntry,
  type Layout,
  type Manifest,
  type Recipe,
  refuseLeaks,
  rowsInMemory,
  SPLITS,
  StatisticsBuilder,
  verifyShard,
  writeShards,
} from '../src/index.js'
import { entriesOf } from '../src/publish/plan.js'

/** One file of a data set, whole. */
interface ShardFile extends Omit<FileEntry, 'bytes'> {
  bytes: Uint8Array
}

/** The files of a set as they are written, with their bytes. */
export interface Rendered {
  files: ShardFile[]
  layouts: Layout[]
  problems: string[]
}

/** Writes a set into memory. */
export async function renderShards(set: Pick<CuratedSet, 'rows'>, recipe: Recipe): Promise<Rendered> {
  const kept = new Map<string, Uint8Array>()
  const written = await writeShards(rowsInMemory(set.rows), recipe, {
    create(path) {
      const pieces: Uint8Array[] = []
      return Promise.resolve({
        write: (bytes: Uint8Array) => Promise.resolve(void pieces.push(bytes)),
        close: () => Promise.resolve(void kept.set(path, Buffer.concat(pieces))),
      })
    },
    rename(from, to) {
      kept.set(to, kept.get(from)!)
      kept.delete(from)
      return Promise.resolve()
    },
    read: (path) => Promise.resolve(kept.get(path)!),
  })
  if (kept.size !== written.files.length) throw new Error('files are left over')
  return { ...written, files: written.files.map((file) => ({ ...file, bytes: kept.get(file.path)! })) }
}

/** What a loader finds wrong with files of a set, whose bytes may be others than were written. */
export async function verifyShards(
  set: Pick<CuratedSet, 'rows' | 'leaking_members'>,
  { files, layouts }: Pick<Rendered, 'files' | 'layouts'>,
  read: (path: string) => Uint8Array | undefined = () => undefined,
): Promise<string[]> {
  const problems = refuseLeaks(set)
  for (const layout of layouts) {
    for (const split of SPLITS) {
      const entries = []
      for await (const batch of entriesOf(rowsInMemory(set.rows), { ...layout, left_out: {} }, split))
        entries.push(...batch)
      const mine = files.filter(
        (file) => file.target === layout.target && file.shape === layout.part && file.split === split,
      )
      const seen = new Map<string, number>()
      for (const file of mine) {
        const from = seen.get(file.format) ?? 0
        seen.set(file.format, from + file.rows)
        const shard = entries.slice(from, from + file.rows)
        const found = await verifyShard(file, digestsOf(shard), layout, read(file.path) ?? file.bytes)
        problems.push(...found.map((problem) => `${file.path}: ${problem}`))
      }
    }
  }
  return problems
}

/** The manifest of a set in memory. */
export function manifestOf(
  id: string,
  identity: ExportIdentity,
  set: CuratedSet,
  files: readonly ShardFile[],
  layouts: readonly Layout[],
): Manifest {
  const figures = new StatisticsBuilder()
  for (const row of set.rows) figures.add(row)
  const entries = files.map((file) => ({ ...file, bytes: file.bytes.length }))
  return buildManifest(id, identity, set, figures, entries, layouts)
}
