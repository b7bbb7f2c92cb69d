import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  canonicalJson,
  digestsOf,
  type FileWriter,
  FORMATS,
  type Format,
  jsonLinePieces,
  type Layout,
  mergeLayouts,
  renderRow,
  StatisticsBuilder,
  sha256,
  targetOf,
  verifyShard,
  writeAndClose,
  writeRecords,
  writeWhole,
} from '@flywheel/curation'
import { CliError, EXIT } from '../exit.js'
import { type FreshRows, freshRows } from './fresh-rows.js'
import { openJournal } from './journal.js'
import { type ResampledManifest, resampledCard, resampledManifest, type SetFile } from './manifest.js'
import type { Sampling } from './sampling.js'
import { readShard, type Source, type SourceShard } from './source.js'
import { putInPlace, unansweredOf } from './standing-set.js'
import { journalName, type Progress } from './take-samples.js'

/** Where a set is made of what, and how its samples were taken. */
export interface WriteOptions {
  source: Source
  sampling: Sampling
  /** Holds the journals, and the set until it is whole. */
  folder: string
  out: string
  limit: number
  /** Of the sampling: rows that the endpoint would not take, and why the latest row has no answer. */
  progress: Pick<Progress, 'refused' | 'why'>
  /** RFC 3339 UTC, for `run.json` alone. */
  startedAt: string
}

const target = targetOf('trl')
const part = target.parts.find(({ id }) => id === 'preference')

async function create(path: string): Promise<FileWriter> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'w', 0o600)
  return {
    write: (bytes) => file.writeFile(bytes),
    async close() {
      try {
        await file.sync()
      } finally {
        await file.close()
      }
    },
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await writeAndClose(await create(path), (file) => file.write(Buffer.from(text)))
}

/** The rows of the set, a shard at a time, as often as they are needed. */
async function* shardsOf(options: WriteOptions): AsyncGenerator<[SourceShard, FreshRows]> {
  const { source, sampling, folder, limit, progress } = options
  let left = limit
  for (const shard of source.shards) {
    if (left <= 0) return
    const rows = (await readShard(source, shard)).slice(0, left)
    left -= shard.rows
    const journal = await openJournal(folder, journalName(shard))
    await journal.close()
    const host = new URL(sampling.endpoint).host
    yield [shard, freshRows(rows, { taken: journal.taken, refused: progress.refused }, host, source.manifest.recipe)]
  }
}

function add(sum: Record<string, number>, more: Record<string, number>): void {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count
}

async function writeShard(
  root: string,
  { rows }: FreshRows,
  layout: Layout,
  [split, name]: [string, string],
  formats: readonly Format[],
): Promise<SetFile[]> {
  const entries = rows.map((row) => ({ row, record: renderRow(row, layout) }))
  const records = entries.map(({ record }) => record)
  const digests = digestsOf(entries)
  const files: SetFile[] = []
  const put = async (path: string, bytes: Iterable<Uint8Array>, what: Pick<SetFile, 'target' | 'shape' | 'format'>) => {
    const about = { path, ...what, split, rows: rows.length }
    const file = await writeWhole({ create: (name) => create(join(root, name)) }, about, bytes)
    files.push(file)
    return file
  }
  for (const format of formats) {
    const path = `preference/${name}.${format.extension}`
    const pieces = writeRecords(format, records, { columns: part?.columns?.(layout) ?? [], messages: layout })
    const file = await put(path, pieces, { target: target.id, shape: 'preference', format: format.id })
    // As an export's: by the trainer's loader, and each side against the row, not by way of the renderer.
    const [problem] = await verifyShard(file, digests, layout, await readFile(join(root, path)))
    if (problem !== undefined) throw new CliError(EXIT.failed, `${path}: ${problem}; report this as a bug`)
  }
  const meta = jsonLinePieces(rows.map((row) => row.meta))
  await put(`meta/preference-${name}.jsonl`, meta, { target: '', shape: 'meta', format: 'jsonl' })
  return files
}

/**
 * Writes the set of what was sampled: shards, sidecars, card, then the manifest, in a folder that appears whole in one
 * rename. The samples are kept beside it for as long as a pair has no answer.
 * @throws CliError where no row is left, saying why each left
 */
export async function writeSet(options: WriteOptions): Promise<ResampledManifest> {
  const { source, sampling, folder, out } = options
  const dropped: Record<string, number> = {}
  const models: Record<string, number> = {}
  const layouts: Layout[] = []
  const figures = new StatisticsBuilder()
  const kept = new Map<string, number>()
  const shardCount = new Map<string, number>()
  let rowsAsked = 0
  for await (const [shard, fresh] of shardsOf(options)) {
    add(dropped, fresh.dropped)
    add(models, fresh.models)
    rowsAsked += fresh.rows.length + Object.values(fresh.dropped).reduce((sum, rows) => sum + rows, 0)
    if (fresh.layout === null || fresh.rows.length === 0) continue
    layouts.push(fresh.layout)
    for (const row of fresh.rows) figures.add(row)
    kept.set(shard.split, (kept.get(shard.split) ?? 0) + fresh.rows.length)
    shardCount.set(shard.split, (shardCount.get(shard.split) ?? 0) + 1)
  }
  const layout = mergeLayouts(layouts)
  if (layout === null) {
    const why = Object.entries(dropped).map(([reason, rows]) => `${reason} ${rows}`)
    const said = options.progress.why === '' ? '' : `. The endpoint: ${options.progress.why}`
    throw new CliError(EXIT.gate, `No row is left of ${rowsAsked}: ${why.join(', ')}${said}`)
  }
  const root = join(folder, 'set')
  await rm(root, { recursive: true, force: true })
  const written = source.manifest.files.filter((file) => file.target === target.id && file.shape === 'preference')
  const formats = FORMATS.filter(({ id }) => written.some(({ format }) => format === id))
  const files: SetFile[] = []
  const next = new Map<string, number>()
  for await (const [{ split }, fresh] of shardsOf(options)) {
    if (fresh.rows.length === 0) continue
    const index = next.get(split) ?? 0
    next.set(split, index + 1)
    const digits = [index, shardCount.get(split) ?? 1].map((count) => String(count).padStart(5, '0'))
    files.push(...(await writeShard(root, fresh, layout, [split, `${split}-${digits.join('-of-')}`], formats)))
  }
  const manifest = resampledManifest({ source, sampling, files, rowsAsked, kept, figures, dropped, models, layout })
  const text = canonicalJson(manifest)
  await writeDurably(join(root, 'README.md'), resampledCard(manifest, layout))
  const run = { export_id: manifest.export_id, started_at: options.startedAt, finished_at: new Date().toISOString() }
  await writeDurably(join(root, 'run.json'), `${JSON.stringify({ ...run, node: process.version })}\n`)
  await writeDurably(join(root, `manifest-${sha256(text)}.json`), text)
  await putInPlace(root, out, folder)
  // Else the samples stay: another run asks for the others alone.
  if (unansweredOf(manifest.sampling) === 0) await rm(folder, { recursive: true, force: true })
  return manifest
}
