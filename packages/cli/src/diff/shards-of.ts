import { targetOf } from '@flywheel/curation'
import type { AnyManifest } from './published-set.js'

type File = AnyManifest['files'][number]

/** A shard of a set with its sidecar, as the one place where the rows of a shape and split are read. */
export interface Shard {
  shape: string
  split: string
  /** Target and part: contents of two are compared only where these are the same. */
  part: string
  path: string
  sidecar: string
  rows: number
}

/** The shape of the rows of a part; null where it holds rows of several, or of a target that is not known here. */
function shapeOf(file: File): string | null {
  try {
    const part = targetOf(file.target ?? '').parts.find(({ id }) => id === file.shape)
    return part?.shapes.length === 1 ? (part.shapes[0] ?? null) : null
  } catch {
    return null
  }
}

const partOf = (file: File): string => `${file.target}/${file.shape}`
const place = (file: File): string => `${shapeOf(file)} ${file.split}`

function dataFiles({ files }: AnyManifest): File[] {
  const shards = files.filter((file) => (file.target ?? '') !== '' && shapeOf(file) !== null && file.rows > 0)
  // JSON lines where there are any: a Parquet file says the same.
  const lines = new Set(shards.filter(({ format }) => format === 'jsonl').map(partOf))
  return shards.filter((file) => file.format === 'jsonl' || !lines.has(partOf(file)))
}

function sidecarOf(manifest: AnyManifest, file: File): string | null {
  const name = file.path.slice(file.path.lastIndexOf('/') + 1).replace(/\.[a-z]+$/, '')
  const paths = [`meta/${file.target}-${file.shape}-${name}.jsonl`, `meta/${file.shape}-${name}.jsonl`]
  return manifest.files.find(({ path }) => paths.includes(path))?.path ?? null
}

/** Parts by how well they serve a comparison: those that both sets have first, then the larger, then by name. */
function orderParts(sets: readonly File[][]): string[] {
  const rows = new Map<string, number>()
  const holders = new Map<string, number>()
  for (const files of sets) {
    for (const file of files) rows.set(partOf(file), (rows.get(partOf(file)) ?? 0) + file.rows)
    for (const part of new Set(files.map(partOf))) holders.set(part, (holders.get(part) ?? 0) + 1)
  }
  const rank = (part: string): number => (holders.get(part) ?? 0) * 1e12 + (rows.get(part) ?? 0)
  return [...rows.keys()].sort((a, b) => rank(b) - rank(a) || (a < b ? -1 : 1))
}

/**
 * The shards that hold each row of each set once: an export written for several trainers holds most rows several times.
 * @returns null for a set none of whose files hold rows of one shape with a sidecar that says whose they are
 */
export function shardsOf(a: AnyManifest, b: AnyManifest): [Shard[] | null, Shard[] | null] {
  const files = [a, b].map(dataFiles)
  const order = orderParts(files)
  const [first = [], second = []] = files
  return [choose(a, first, order), choose(b, second, order)]
}

function choose(manifest: AnyManifest, files: readonly File[], order: readonly string[]): Shard[] | null {
  const taken = new Map<string, string>()
  for (const part of order) {
    for (const file of files) {
      if (partOf(file) === part && !taken.has(place(file))) taken.set(place(file), part)
    }
  }
  const shards = files.flatMap((file) => {
    const sidecar = sidecarOf(manifest, file)
    if (taken.get(place(file)) !== partOf(file) || sidecar === null) return []
    const { path, split, rows } = file
    return [{ shape: shapeOf(file) ?? '', split, part: partOf(file), path, sidecar, rows }]
  })
  const holdsRows = manifest.files.some((file) => (file.target ?? '') !== '' && file.rows > 0)
  return shards.length === 0 && holdsRows ? null : shards
}
