import type { Assignment } from '@flywheel/event-log'
import {
  classifyInsertFailure,
  type Database,
  type ErasureRow,
  insertDeadLetters,
  insertReceipts,
  loadErasures,
} from '@flywheel/store'
import { type BatchLine, linesOf } from './batch-lines.js'
import type { Batch } from './batcher.js'
import { describeEngineError } from './engine-error.js'
import type { SinkMetrics } from './metrics.js'
import { deadLetterRows, receiptRows } from './receipt-rows.js'
import type { ReadRecord } from './record-lines.js'
import { createRepeatSeeker } from './repeats.js'
import { createSchemaGuard } from './schema-guard.js'
import { insertTable } from './table-insert.js'
import { insertToken } from './token.js'
import { createTombstones, isLater } from './tombstones.js'

/** The steps of one batch, as metrics and logs name them. */
export type Step = 'batch' | 'recover' | 'propose' | 'erasures' | 'insert' | 'dead_letters' | 'receipts' | 'commit'

/** Runs `attempt` until it succeeds. Rejects only when the assignment has ended. */
export type Persist = <Result>(step: Step, attempt: () => Promise<Result>) => Promise<Result>

export interface BatchWriterPorts {
  db: Database
  metrics: SinkMetrics
  /** Tombstones in force, asked for before every batch. @default loadErasures(db) */
  erasures?: (() => Promise<ErasureRow[]>) | undefined
}

/** Writes one batch; resolves when it is committed. */
export type WriteBatch = (
  batch: Batch<ReadRecord>,
  assignment: Assignment,
  persist: Persist,
  /** True when this range may have been sent before, by this process or an earlier tenant. */
  isRedo: boolean,
) => Promise<void>

/**
 * The order of effects is the guarantee. A crash between any two steps repeats the batch from the first, and every
 * step repeated changes nothing:
 *   1 propose: the range is durable, so a redo forms the same batch
 *   2 tables: the rows, the first attempt with a token of the range; a repeat collapses by key
 *   3 dead letters: what no table takes, with its bytes; one key a line
 *   4 receipts: what became of every line; one key a record
 *   5 commit: from here on the log may forget
 * Before 2 and before 5 the assignment must still be ours, else the next tenant does the work.
 */
export function createBatchWriter(ports: BatchWriterPorts): WriteBatch {
  const { db, metrics } = ports
  const erasures = ports.erasures ?? (() => loadErasures(db))
  const repeats = createRepeatSeeker()
  const schemaGuard = createSchemaGuard(db)

  return async (batch, assignment, persist, isRedo) => {
    const boundary = { first: batch.first, last: batch.last }
    const token = (parts: { part?: { lo: number; hi: number }; erasure_id?: string | null } = {}) =>
      insertToken({ log_id: assignment.log_id, partition: assignment.partition, boundary, ...parts })
    const lines = linesOf(batch)
    /** Runs an insert until it succeeds; only an attempt that nothing preceded carries the token. */
    const insertUnder = <Result>(step: Step, name: string, insert: (token: string | undefined) => Promise<Result>) => {
      let isRepeat = isRedo
      return persist(step, () => {
        const given = isRepeat ? undefined : name
        isRepeat = true
        return insert(given)
      })
    }

    await persist('propose', () => assignment.propose(boundary))

    const tombstones = createTombstones(await persist('erasures', erasures))
    const erasedBy = new Map<BatchLine, ErasureRow>()
    for (const line of lines) {
      const erasure = tombstones.covering(line.record.header.project_id, line.line)
      if (!erasure) continue
      // Erased before dead: a dead letter would keep the bytes.
      line.outcome = 'erased'
      line.reason = null
      erasedBy.set(line, erasure)
    }
    for (const [table, tableLines] of byTable(lines)) {
      await insertTable(table, tableLines, (insert, ndjson) => {
        const erasure_id = latest(insert.lines.map((line) => erasedBy.get(line)))?.id ?? null
        const insertId = token(insert.part ? { part: insert.part, erasure_id } : { erasure_id })
        return insertUnder('insert', insertId, async (given) => {
          const refusal = await insertOnce(table, ndjson, given)
          // Before a bisect begins: a store of a newer version may refuse whatever this one writes.
          if (refusal !== null && insert.part === null) await schemaGuard.assertLinesAtFault(table, insert.lines)
          return refusal
        })
      })
    }

    // Receipts and dead letters of a range that lost lines to an erasure are named like its tables.
    const whole = token({ erasure_id: latest([...erasedBy.values()])?.id ?? null })
    const dead = deadLetterRows(lines)
    if (dead.length > 0) await insertUnder('dead_letters', whole, (given) => insertDeadLetters(db, dead, given))
    await insertUnder('receipts', whole, (given) => insertReceipts(db, receiptRows(batch, lines), given))
    await persist('commit', () => assignment.commit(batch.last))
    count(lines)
  }

  /** Null when stored, the error when the bytes are poison; anything else is transient and rejects. */
  async function insertOnce(table: string, ndjson: Uint8Array, insertId: string | undefined): Promise<unknown> {
    const started = performance.now()
    try {
      await db.insert(table, ndjson, insertId === undefined ? {} : { token: insertId })
    } catch (error) {
      metrics.insertFailures.inc({ table, code: describeEngineError(error).code })
      if (classifyInsertFailure(error) === 'poison') return error
      throw error
    }
    metrics.insertSeconds.observe({ table }, (performance.now() - started) / 1000)
    return null
  }

  function count(lines: readonly BatchLine[]): void {
    metrics.batches.inc()
    for (const { record, line, table, outcome, reason } of lines) {
      if (outcome === 'stored') metrics.rows.inc({ table })
      else if (outcome === 'dead') metrics.deadLetters.inc({ code: reason!.code })
      else metrics.erasedLines.inc()
      const arrival = repeats.see(record.header.project_id, line.type, line.id, line.hash)
      if (arrival === 'repeat') metrics.repeats.inc()
      else if (arrival === 'id_reused') metrics.idReused.inc()
    }
  }
}

/** Lines that have a table to go to, in order; lines dead from the start have none. */
function byTable(lines: readonly BatchLine[]): Map<string, BatchLine[]> {
  const tables = new Map<string, BatchLine[]>()
  for (const line of lines) {
    if (line.outcome === 'dead') continue
    const own = tables.get(line.table)
    if (own) own.push(line)
    else tables.set(line.table, [line])
  }
  return tables
}

function latest(erasures: readonly (ErasureRow | undefined)[]): ErasureRow | null {
  let found: ErasureRow | null = null
  for (const erasure of erasures) if (erasure && (!found || isLater(erasure, found))) found = erasure
  return found
}
