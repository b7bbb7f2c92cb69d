import type { CuratedSet } from '../curate.js'
import type { Format } from '../formats/format.js'
import { jsonLines } from '../formats/jsonl.js'
import { FORMATS } from '../formats/registry.js'
import type { Layout, Part, Table, Target } from '../formats/target.js'
import type { Recipe } from '../recipe.js'
import { sha256 } from '../text/canonical-json.js'
import { type Entry, entriesOf, layoutOf, SPLITS, targetsOf } from './plan.js'

/** One file of a data set, with what the manifest says of it. */
export interface ShardFile {
  path: string
  /** The target whose loader reads it; empty of what stands beside the shards. */
  target: string
  /** The part of the target, `meta` of a sidecar, `extra` of a file that a loader wants beside the shards. */
  shape: string
  split: string
  format: string
  rows: number
  bytes: Uint8Array
  sha256: string
}

function shardName(index: number, of: number): string {
  const digits = (count: number): string => String(count).padStart(5, '0')
  return `${digits(index)}-of-${digits(of)}`
}

function chunk<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
}

type Unhashed = Omit<ShardFile, 'sha256'>

function shardsOf(
  entries: readonly Entry[],
  { target, part, layout, split }: { target: Target; part: Part; layout: Layout; split: string },
  formats: readonly Format[],
  shardRows: number,
): Unhashed[] {
  const table: Table = { columns: part.columns?.(layout) ?? [], messages: layout }
  const chunks = chunk(entries, shardRows)
  return chunks.flatMap((shard, index) => {
    const name = `${split}-${shardName(index, chunks.length)}`
    const common = { split, rows: shard.length }
    const records = shard.map(({ record }) => record)
    const files: Unhashed[] = formats.map((format) => ({
      ...common,
      path: `${target.folder(part.id, split)}${name}.${format.extension}`,
      target: target.id,
      shape: part.id,
      format: format.id,
      bytes: format.write(records, table),
    }))
    const bytes = jsonLines(shard.map(({ row }) => row.meta))
    // TRL's sidecars had no target in their names before there were others.
    const own = target.id === 'trl' ? part.id : `${target.id}-${part.id}`
    files.push({ ...common, path: `meta/${own}-${name}.jsonl`, target: '', shape: 'meta', format: 'jsonl', bytes })
    return files
  })
}

function extrasOf(target: Target, shards: readonly Unhashed[]): Unhashed[] {
  const files = shards
    .filter((file) => file.target === target.id)
    .map(({ path, shape, split, format, rows }) => ({ path, part: shape, split, format, rows }))
  return (target.extras?.(files) ?? []).map(({ path, text }) => ({
    path,
    target: '',
    shape: 'extra',
    split: '',
    format: 'text',
    rows: 0,
    bytes: new TextEncoder().encode(text),
  }))
}

/**
 * Renders a set into its files: a folder a target and part with shards a split and format, and beside each shard a
 * sidecar whose n-th line is about the shard's n-th row. A split without rows has no file: loaders fail on an empty one.
 */
export function renderShards(set: CuratedSet, recipe: Recipe): { files: ShardFile[]; layouts: Layout[] } {
  const files: Unhashed[] = []
  const layouts: Layout[] = []
  for (const { target, formats } of targetsOf(recipe)) {
    const written = FORMATS.filter((format) => formats.includes(format.id))
    const shards: Unhashed[] = []
    for (const part of target.parts) {
      const layout = layoutOf(set, target, part, recipe)
      if (layout === null) continue
      layouts.push(layout)
      for (const split of SPLITS) {
        const where = { target, part, layout, split }
        shards.push(...shardsOf(entriesOf(set, layout, split), where, written, recipe.shard_rows))
      }
    }
    files.push(...shards, ...extrasOf(target, shards))
  }
  return { files: files.map((file) => ({ ...file, sha256: sha256(file.bytes) })), layouts }
}
