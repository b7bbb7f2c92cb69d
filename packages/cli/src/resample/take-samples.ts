import { type CuratedRow, chatRequest } from '@flywheel/curation'
import pMap from 'p-map'
import { CliError, EXIT } from '../exit.js'
import type { Endpoint } from './endpoint.js'
import { type Journal, openJournal } from './journal.js'
import { readShard, type Source, type SourceShard } from './source.js'

// That many rows without an answer, and none with one between them, are no accident of the rows.
const MOST_FAILURES = 10

/** How far the sampling is. */
export interface Progress {
  /** Rows that have an answer, those of an earlier run among them. */
  taken: number
  failed: number
  /** Rows that the endpoint would not take: they are asked for again by another run. */
  refused: ReadonlySet<string>
  /** Why the latest row has no answer, in the endpoint's words; '' where each has one. */
  why: string
}

/** What samples are taken of, and with what. */
export interface TakeOptions {
  source: Source
  endpoint: Endpoint
  /** Holds the journals. */
  folder: string
  /** Rows asked for, from the first. */
  limit: number
  concurrency: number
  signal: AbortSignal
  onProgress(progress: Progress): void
}

/** The name of a shard's journal. */
export function journalName({ path }: SourceShard): string {
  return path.replaceAll(/[^A-Za-z0-9]+/g, '-')
}

/** The rows of a shard that are asked for, copies of one row once. */
export function asked(rows: readonly CuratedRow[], limit: number): CuratedRow[] {
  return [...new Map(rows.slice(0, limit).map((row) => [row.meta.row_id, row])).values()]
}

/**
 * Asks the endpoint for every row that has no answer yet, a shard at a time.
 * @throws CliError where the endpoint refuses everything or has gone silent; what was taken stays
 */
export async function takeSamples(options: TakeOptions): Promise<Progress> {
  const { source, endpoint, folder, concurrency, onProgress } = options
  const refused = new Set<string>()
  const progress: Progress = { taken: 0, failed: 0, refused, why: '' }
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  let left = options.limit
  let silent = 0

  async function take(row: CuratedRow, journal: Journal): Promise<void> {
    const answer = await endpoint.ask(chatRequest(row), signal)
    if (!('failed' in answer)) {
      silent = 0
      await journal.add(row.meta.row_id, answer)
      progress.taken++
    } else {
      progress.why = answer.why
      if (answer.failed === 'refused_by_endpoint') refused.add(row.meta.row_id)
      else {
        progress.failed++
        silent++
      }
      if (silent >= MOST_FAILURES) throw stopped(`gave no answer to ${silent} rows in a row`, 'when it is back')
      if (refused.size >= MOST_FAILURES && progress.taken === 0)
        throw stopped(`would take none of the first ${refused.size} rows`, 'when it takes them')
    }
    onProgress(progress)
  }

  const stopped = (what: string, when: string): CliError =>
    new CliError(
      EXIT.failed,
      `The endpoint ${what} (${progress.why}). ${progress.taken} samples are kept; ${when}, the same command goes on`,
    )

  for (const shard of source.shards) {
    if (left <= 0) break
    const rows = asked(await readShard(source, shard), left)
    left -= shard.rows
    const journal = await openJournal(folder, journalName(shard))
    try {
      const open = rows.filter(({ meta }) => !journal.taken.has(meta.row_id))
      progress.taken += rows.length - open.length
      onProgress(progress)
      await pMap(open, (row) => take(row, journal), { concurrency, signal })
    } catch (error) {
      stop.abort(error)
      throw error
    } finally {
      await journal.close()
    }
  }
  return progress
}
