import type { DeadLetterRow, ReceiptRow } from '@flywheel/store'
import { type BatchLine, renderDeadLine } from './batch-lines.js'
import type { Batch } from './batcher.js'
import type { ReadRecord } from './record-lines.js'
import { limitsOf } from './splice.js'

/** One receipt a record, with every accepted line and what became of it. */
export function receiptRows(batch: Batch<ReadRecord>, lines: readonly BatchLine[]): ReceiptRow[] {
  const byRecord = new Map<ReadRecord, BatchLine[]>(batch.records.map((record) => [record, []]))
  for (const line of lines) byRecord.get(line.record)!.push(line)
  return [...byRecord].map(([{ header, position }, own]) => ({
    project_id: header.project_id,
    log_id: position.log_id,
    partition: position.partition,
    position: position.offset,
    received_at: header.received_at,
    request_id: header.request_id,
    key_id: header.key_id,
    types: own.map(({ line }) => line.type),
    ids: own.map(({ line }) => line.id),
    hashes: own.map(({ line }) => line.hash),
    outcomes: own.map(({ outcome }) => outcome),
    rejected: header.rejected,
    client_instance: header.client?.instance ?? '',
    client_seq: header.client?.seq ?? 0,
    client_created: header.client?.created ?? 0,
    client_dropped: header.client?.dropped ?? 0,
    client_rejected: header.client?.rejected ?? 0,
    body_bytes: header.inflated_bytes,
    row_until: header.row_until,
  }))
}

/** One dead letter a dead line, with its bytes and its reason. */
export function deadLetterRows(lines: readonly BatchLine[]): DeadLetterRow[] {
  return lines
    .filter(({ outcome }) => outcome === 'dead')
    .map((dead) => {
      const { record, line, reason } = dead
      const { header, position } = record
      return {
        project_id: header.project_id,
        log_id: position.log_id,
        partition: position.partition,
        position: position.offset,
        line: line.line,
        type: line.type,
        event_id: line.id,
        code: reason!.code,
        message: reason!.message,
        body: renderDeadLine(dead),
        received_at: header.received_at,
        ...limitsOf(header, line.type),
        status: 'open',
        trust: line.trust,
        user_hmac: line.user ?? '',
        author_hmac: line.author ?? '',
        session_hmac: line.session ?? '',
        replays: line.replays ?? 0,
      }
    })
}
