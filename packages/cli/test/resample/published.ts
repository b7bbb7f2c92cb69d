import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
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
  const meta: RowMeta = {
    row_id: `row-${String(n).padStart(4, '0')}`,
    strategy: 'edit.final',
    split: 'train',
    weight: 0.5,
    prior: 0.75,
    prior_source: 'measured',
    edit_distance: 0.5,
    prompt_chars: 40,
    chosen_chars: 24,
    rejected_chars: 21,
    model: 'served-1',
    provider: 'openai',
    chosen_provider: 'openai',
    chosen_by: 'human',
    language: 'en',
    safety_tags: [],
    redactions: {},
    artefacts_removed: [],
    task: 'reply',
    cluster: `cluster-${n}`,
    component: `component-${n}`,
    near_duplicates: null,
    consent: 'own',
  }
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
    meta,
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
    async create(path) {
      await mkdir(dirname(join(dir, path)), { recursive: true })
      const file = await open(join(dir, path), 'w')
      return { write: (bytes) => file.writeFile(bytes), close: () => file.close() }
    },
    rename: (from, to) => rename(join(dir, from), join(dir, to)),
    read: (path) => readFile(join(dir, path)),
  })
  const manifest = {
    export_id: sha256(dir),
    kind: 'full',
    recipe,
    recipe_hash: '',
    snapshot: { watermark: '2026-11-01T00:00:00.000Z', cutoff: '2026-11-01T00:00:00.000Z', inputs: { digest: 'd' } },
    code: {},
    trainer: { max_length_at_least: 1024, kto_desirable_weight: 3 },
    funnel: [],
    contamination: { sets: [], hashes: [] },
    consent: { purpose: 'train', rows: {} },
    statistics: { rows: { preference: rows.length, unpaired: 0, supervised: 0 } },
    parent: null,
  }
  const text = canonicalJson({ ...manifest, files })
  await writeFile(join(dir, `manifest-${sha256(text)}.json`), text)
  return dir
}
