import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { canonicalJson, defaultRecipe, jsonLines, type Recipe, sha256 } from '@flywheel/curation'
import { afterAll } from 'vitest'
import { openSet, type PublishedSet } from '../../src/diff/published-set.js'

/** A row of a made set. */
export interface MadeRow {
  row_id: string
  strategy?: string
  split?: string
  weight?: number
  chosen?: string
  /** Columns beside prompt, chosen and rejected. */
  more?: Record<string, unknown>
}

/** What a made set holds beside its rows. */
export interface MadeSet {
  recipe?: Partial<Recipe>
  target?: string
  /** Lines of files in `meta/`, by their names. */
  meta?: Record<string, object[]>
  manifest?: Record<string, unknown>
}

const says = (content: string): object[] => [{ role: 'assistant', content }]
const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** A folder of its own, gone after the tests of the file. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flywheel-diff-'))
  folders.push(folder)
  return folder
}

/** Writes a set of pairs as an export lays it out: shards with their sidecars, and a manifest under its own hash. */
export async function makeSet(rows: readonly MadeRow[], made: MadeSet = {}): Promise<PublishedSet> {
  const folder = await makeFolder()
  const { target = 'trl', meta = {} } = made
  const files: object[] = []
  const write = async (path: string, lines: readonly object[], about: object): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    const bytes = jsonLines(lines as Record<string, unknown>[])
    await writeFile(join(folder, path), bytes)
    files.push({ path, rows: lines.length, bytes: bytes.length, sha256: sha256(bytes), format: 'jsonl', ...about })
  }
  for (const split of ['train', 'validation']) {
    const mine = rows.filter((row) => (row.split ?? 'train') === split)
    if (mine.length === 0) continue
    const records = mine.map(({ row_id, chosen = `kept ${row_id}`, more }) => ({
      prompt: [{ role: 'user', content: `asked ${row_id}` }],
      chosen: says(chosen),
      rejected: says('served'),
      ...more,
    }))
    const sidecars = mine.map(({ row_id, strategy = 'edit.final', weight = 0.5 }) => ({
      row_id,
      strategy,
      split,
      weight,
    }))
    const name = `${split}-00000-of-00001`
    const part = target === 'trl' ? 'preference' : `${target}-preference`
    await write(`${target}/${name}.jsonl`, records, { target, shape: 'preference', split })
    await write(`meta/${part}-${name}.jsonl`, sidecars, { target: '', shape: 'meta', split })
  }
  for (const [name, lines] of Object.entries(meta))
    await write(`meta/${name}`, lines, { target: '', shape: 'meta', split: '' })
  const recipe = { ...defaultRecipe, ...made.recipe }
  const text = canonicalJson({
    export_id: sha256(canonicalJson([rows, made] as never)),
    parent: null,
    kind: 'full',
    snapshot: {
      watermark: '2026-03-01T00:00:00.000Z',
      cutoff: '2026-03-01T00:00:00.000Z',
      inputs: { digest: 'd', interactions: 10, feedback: 10, links: 0, consents: 0, bodies: 10 },
    },
    code: { curation: '1', canonical_prompt: 1, parquet: 'p' },
    recipe,
    funnel: [{ gate: 'snapshot', in: 10, out: rows.length, dropped: { superseded: 10 - rows.length } }],
    statistics: { rows: { preference: rows.length } },
    contamination: { sets: [], hashes: [] },
    consent: { purpose: 'train', rows: { own: rows.length } },
    files,
    ...made.manifest,
  })
  await writeFile(join(folder, `manifest-${sha256(text)}.json`), text)
  return openSet(folder)
}
