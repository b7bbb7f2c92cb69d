import { FlywheelError } from '@flywheel/schema'
import type { CuratedRow, CuratedSet } from '../curate.js'
import type { Shape } from '../draft.js'
import type { Format } from '../formats/format.js'
import { jsonLines } from '../formats/jsonl.js'
import { FORMATS } from '../formats/registry.js'
import { renderTrl, type TrlLayout, trlLayout } from '../formats/trl.js'
import type { Recipe } from '../recipe.js'
import { sha256 } from '../text/canonical-json.js'

/** One file of a data set, with what the manifest says of it. */
export interface ShardFile {
  path: string
  shape: Shape | 'meta'
  split: string
  format: string
  rows: number
  bytes: Uint8Array
  sha256: string
}

/** The shapes in the order of the card. */
export const SHAPES: readonly Shape[] = ['preference', 'unpaired', 'supervised']

/**
 * The formats that a recipe names.
 * @throws FlywheelError `invalid_request` for an id that is none, naming the known ones
 */
export function formatsOf(recipe: Pick<Recipe, 'formats'>): Format[] {
  return recipe.formats.map((id) => {
    const format = FORMATS.find((each) => each.id === id)
    if (format !== undefined) return format
    const known = FORMATS.map((each) => each.id).join(', ')
    throw new FlywheelError('invalid_request', `recipe: unknown format "${id}"; use one of ${known}`)
  })
}

function shardName(index: number, of: number): string {
  const digits = (count: number): string => String(count).padStart(5, '0')
  return `${digits(index)}-of-${digits(of)}`
}

function chunk<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
}

/**
 * Renders a set into its files: a folder a shape with shards a split and format, and beside each shard a sidecar whose
 * n-th line is about the shard's n-th row. A split without rows has no file: loaders fail on an empty one.
 */
export function renderShards(set: CuratedSet, recipe: Recipe): { files: ShardFile[]; layouts: TrlLayout[] } {
  const formats = formatsOf(recipe)
  const files: ShardFile[] = []
  const layouts: TrlLayout[] = []
  const add = (file: Omit<ShardFile, 'sha256'>): void => {
    files.push({ ...file, sha256: sha256(file.bytes) })
  }
  for (const shape of SHAPES) {
    const rows = set.rows.filter((row) => row.shape === shape)
    if (rows.length === 0) continue
    const layout = trlLayout(shape, rows)
    layouts.push(layout)
    for (const split of ['train', 'validation']) {
      const shards = chunk(
        rows.filter((row) => row.meta.split === split),
        recipe.shard_rows,
      )
      shards.forEach((shard: CuratedRow[], index) => {
        const records = shard.map((row) => renderTrl(row, layout))
        const name = `${split}-${shardName(index, shards.length)}`
        const common = { split, rows: shard.length }
        for (const format of formats) {
          const bytes = format.write(records, layout)
          add({ ...common, path: `${shape}/${name}.${format.extension}`, shape, format: format.id, bytes })
        }
        const bytes = jsonLines(shard.map((row) => row.meta))
        add({ ...common, path: `meta/${shape}-${name}.jsonl`, shape: 'meta', format: 'jsonl', bytes })
      })
    }
  }
  return { files, layouts }
}
