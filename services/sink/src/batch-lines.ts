import type { PositionedRecord } from '@flywheel/event-log'
import { EVENT_TABLES, type Outcome } from '@flywheel/store'
import type { Batch } from './batcher.js'
import type { EngineError } from './engine-error.js'
import { type RecordLine, readLines } from './record-lines.js'
import { headerFields, splice } from './splice.js'

/** One accepted line of a batch on its way to a table. */
export interface BatchLine {
  /** Position among the accepted lines of the whole batch: the same for every table and on every attempt. */
  index: number
  record: PositionedRecord
  line: RecordLine
  table: string
  outcome: Outcome
  /** Why the line is dead; set exactly when `outcome` is `dead`. */
  reason: EngineError | null
}

/** Longest stretch of synchronous work before other work gets a turn. */
const TURN_MS = 5

/** Reads every record of a batch. Lines that cannot be framed are dead from the start. */
export async function readBatch(batch: Batch): Promise<BatchLine[]> {
  const lines: BatchLine[] = []
  let turnStarted = performance.now()
  for (const record of batch.records) {
    const { lines: recordLines, problem } = await readLines(record)
    for (const line of recordLines) {
      const reason = problem ? { code: 'record_unreadable', message: problem } : framingProblem(line)
      lines.push({
        index: lines.length,
        record,
        line,
        table: EVENT_TABLES[line.type],
        outcome: reason ? 'dead' : 'stored',
        reason,
      })
    }
    if (performance.now() - turnStarted > TURN_MS) {
      await new Promise(setImmediate)
      turnStarted = performance.now()
    }
  }
  return lines
}

/** The NDJSON of some lines, each with its header's fields before its first key. */
export function renderLines(lines: readonly BatchLine[]): Uint8Array {
  const pieces: Uint8Array[] = []
  for (const { record, line } of lines) {
    const spliced = splice(line.bytes, fieldsOf(record, line))
    if (spliced) pieces.push(...spliced, LINE_FEED)
  }
  return Buffer.concat(pieces)
}

/** A dead line as text: spliced where that is possible, else its bytes; of an unreadable record the whole body. */
export function renderDeadLine({ record, line, reason }: BatchLine): string {
  if (reason?.code === 'record_unreadable') {
    return line.line === 0 ? `base64:${Buffer.from(record.body).toString('base64')}` : ''
  }
  return Buffer.concat(splice(line.bytes, fieldsOf(record, line)) ?? [line.bytes]).toString('utf8')
}

const LINE_FEED = Buffer.from('\n')
const NO_FIELDS = new Uint8Array(0)

const fieldsOf = (record: PositionedRecord, line: RecordLine) =>
  headerFields(record.header, record.position, line.line, line.trust)

function framingProblem(line: RecordLine): EngineError | null {
  if (splice(line.bytes, NO_FIELDS)) return null
  return { code: 'not_an_object', message: 'The line does not begin with { and end with }.' }
}
