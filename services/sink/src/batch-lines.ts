import { isUtf8 } from 'node:buffer'
import { EVENT_TABLES, type Outcome } from '@flywheel/store'
import type { Batch } from './batcher.js'
import type { EngineError } from './engine-error.js'
import type { ReadRecord, RecordLine } from './record-lines.js'
import { headerFields, splice } from './splice.js'
import { createTurns } from './turns.js'

/** One accepted line of a batch on its way to a table. */
export interface BatchLine {
  /** Position among the accepted lines of the whole batch: the same for every table and on every attempt. */
  index: number
  record: ReadRecord
  line: RecordLine
  table: string
  outcome: Outcome
  /** Why the line is dead; set exactly when `outcome` is `dead`. */
  reason: EngineError | null
}

/** The lines of a batch on their way. Lines that cannot be framed are dead from the start. */
export function linesOf(batch: Batch<ReadRecord>): BatchLine[] {
  const lines: BatchLine[] = []
  for (const record of batch.records) {
    const { lines: recordLines, problem } = record.read
    for (const line of recordLines) {
      const reason = problem ? { code: RECORD_UNREADABLE, message: problem } : framingProblem(line)
      lines.push({
        index: lines.length,
        record,
        line,
        table: EVENT_TABLES[line.type],
        outcome: reason ? 'dead' : 'stored',
        reason,
      })
    }
  }
  return lines
}

/** The NDJSON of some lines, each with its header's fields before its first key. */
export async function renderLines(lines: readonly BatchLine[]): Promise<Uint8Array> {
  const turns = createTurns()
  const pieces: Uint8Array[] = []
  for (const { record, line } of lines) {
    const spliced = splice(line.bytes, fieldsOf(record, line))
    if (spliced) pieces.push(...spliced, LINE_FEED)
    await turns.yieldIfLong()
  }
  return Buffer.concat(pieces)
}

/**
 * A dead line's bytes as text: as they were accepted, so that a replay appends the same; of an unreadable record the
 * whole body, with its first line. What is no UTF-8 is base64.
 */
export function renderDeadLine({ record, line, reason }: BatchLine): string {
  if (reason?.code === RECORD_UNREADABLE) return line.line === 0 ? base64(record.body) : ''
  return isUtf8(line.bytes) ? Buffer.from(line.bytes).toString('utf8') : base64(line.bytes)
}

/** The reason of every line of a record whose body could not be matched with its header. */
export const RECORD_UNREADABLE = 'record_unreadable'

const base64 = (bytes: Uint8Array) => `base64:${Buffer.from(bytes).toString('base64')}`
const LINE_FEED = Buffer.from('\n')
const NO_FIELDS = new Uint8Array(0)

const fieldsOf = (record: ReadRecord, line: RecordLine) => headerFields(record.header, record.position, line.line, line)

function framingProblem(line: RecordLine): EngineError | null {
  if (splice(line.bytes, NO_FIELDS)) return null
  return { code: 'not_an_object', message: 'The line does not begin with { and end with }.' }
}
