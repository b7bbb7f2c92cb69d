import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type CuratedRow,
  canonicalJson,
  type RecipeInput,
  type RowMeta,
  recipeSchema,
  rowsInMemory,
  sha256,
  writeShards,
} from '@flywheel/curation'

const tool = { type: 'function', function: { name: 'refund', parameters: { type: 'object', properties: {} } } }

/** Pair number n of a set. */
export function pair(n: number, more: Partial<CuratedRow> = {}): CuratedRow {
  const meta = { row_id: `row-${String(n).padStart(4, '0')}`, strategy: 'edit.final', split: 'train', weight: 0.5 }
  return {
    shape: 'preference',
    prompt: [
      { role: 'system', content: 'You answer for a shop.' },
      { role: 'user', content: `Where is parcel ${n}?` },
    ],
    tools: [],
    chosen: { role: 'assistant', content: `Parcel ${n} left on Monday.` },
    rejected: { role: 'assistant', content: `Parcel ${n} leaves soon.` },
    event_ids: [],
    meta: { ...meta, model: 'served-1', provider: 'openai', edit_distance: 0.5, rejected_chars: 21 } as RowMeta,
    ...more,
  }
}

/** A pair of tool calls. */
export function callPair(n: number): CuratedRow {
  const calling = (order: number): CuratedRow['chosen'] => ({
    role: 'assistant',
    content: '',
    tool_calls: [{ type: 'function', id: 'call_1', function: { name: 'refund', arguments: { order } } }],
  })
  return pair(n, { tools: [tool], chosen: calling(1), rejected: calling(2) })
}

/** Writes rows as an export does: shards, sidecars and a manifest under its own hash. */
export async function publish(dir: string, rows: CuratedRow[], given: RecipeInput = {}): Promise<string> {
  const recipe = recipeSchema.parse(given)
  const { files } = await writeShards(rowsInMemory(rows), recipe, {
    async write(path, bytes) {
      await mkdir(dirname(join(dir, path)), { recursive: true })
      await writeFile(join(dir, path), bytes)
    },
    rename: (from, to) => rename(join(dir, from), join(dir, to)),
    read: (path) => readFile(join(dir, path)),
  })
  const manifest = {
    export_id: sha256(dir),
    kind: 'full',
    recipe,
    recipe_hash: '',
    snapshot: {},
    code: {},
    trainer: {},
  }
  const text = canonicalJson({ ...manifest, files })
  await writeFile(join(dir, `manifest-${sha256(text)}.json`), text)
  return dir
}
