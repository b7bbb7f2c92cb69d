import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type ClientCounters, type LogHeader, type LogRecord, NO_LIMIT_UNTIL, splitLines } from '@flywheel/schema'
import type { ProjectRow } from '@flywheel/store'
import type { Body } from './read-body.js'
import type { SortedLines } from './sort-lines.js'

const deflate = promisify(gzip)
const DAY_MS = 24 * 3600 * 1000
const NO_LIMIT_MS = Date.parse(NO_LIMIT_UNTIL)
const EMPTY = Buffer.alloc(0)
const LF = Buffer.from('\n')

/**
 * The bytes that go into the log: the client's own where nothing changed, else NDJSON written anew and gzipped.
 * Written anew, every line keeps its index, and rejected ones are empty: they are not kept.
 */
export async function bodyOfRecord(
  body: Body,
  sorted: SortedLines,
): Promise<Pick<LogHeader, 'encoding' | 'inflated_bytes'> & { bytes: Uint8Array }> {
  if (sorted.rewritten.size === 0)
    return { encoding: body.encoding, inflated_bytes: body.inflated.length, bytes: body.raw }
  const skip = new Set(sorted.skip)
  const pieces: Uint8Array[] = []
  let line = -1
  for (const [start, end] of splitLines(body.inflated)) {
    line++
    const rewritten = sorted.rewritten.get(line)
    if (skip.has(line)) pieces.push(EMPTY)
    else pieces.push(rewritten === undefined ? body.inflated.subarray(start, end) : Buffer.from(rewritten))
    pieces.push(LF)
  }
  const anew = Buffer.concat(pieces)
  return { encoding: 'gzip', inflated_bytes: anew.length, bytes: await deflate(anew, { level: 3 }) }
}

/** What `buildRecord` puts together. */
export interface RecordParts {
  project: ProjectRow
  request_id: string
  sorted: SortedLines
  body: Awaited<ReturnType<typeof bodyOfRecord>>
  client: ClientCounters | null
  /** Unix milliseconds of the tick that appends. */
  received: number
}

/** The record of one accepted request. Call it in the tick that appends: a watermark may pass any other time. */
export function buildRecord(parts: RecordParts): LogRecord {
  const { project, request_id, sorted, body, client, received } = parts
  return {
    header: {
      format: 1,
      project_id: project.id,
      key_id: sorted.key_id ?? '',
      request_id,
      received_at: new Date(received).toISOString(),
      body_until: until(received, project.body_retention_days),
      row_until: until(received, project.row_retention_days),
      encoding: body.encoding,
      inflated_bytes: body.inflated_bytes,
      lines: sorted.lines,
      skip: sorted.skip,
      rejected: sorted.rejected.length,
      ...(client === null ? {} : { client }),
    },
    body: body.bytes,
  }
}

/** The end of a retention of so many days; 0 days is no limit, which is a far date and never 0. */
function until(received: number, days: number): string {
  return new Date(days === 0 ? NO_LIMIT_MS : Math.min(NO_LIMIT_MS, received + days * DAY_MS)).toISOString()
}
