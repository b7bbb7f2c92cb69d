import type { Database } from '../database.js'
import { insertRows } from '../insert-rows.js'
import type { DeadLetterRow, ErasureRow, ReceiptRow } from '../rows.js'

/** Writes receipts: after the event tables, before the commit. A repeat of the same positions changes nothing. */
export async function insertReceipts(db: Database, rows: readonly ReceiptRow[], token?: string): Promise<void> {
  await insertRows(db, 'receipts', rows, token)
}

/** Writes dead letters. A repeat leaves a letter that was replayed meanwhile replayed: its `updated_at` is later. */
export async function insertDeadLetters(db: Database, rows: readonly DeadLetterRow[], token?: string): Promise<void> {
  await insertRows(db, 'dead_letters', rows, token)
}

/** Tombstones of one project or of all. */
export async function loadErasures(db: Database, projectId?: string): Promise<ErasureRow[]> {
  return db.query<ErasureRow>(
    `SELECT project_id, id, subject_kind, subject_hmac, event_ids, created_at, updated_at FROM erasures FINAL
     WHERE {all:Bool} OR project_id = {project:String} ORDER BY created_at, id`,
    { all: projectId === undefined, project: projectId ?? '' },
  )
}

/** Writes a tombstone, or its newer version with more event ids. */
export async function insertErasure(db: Database, row: ErasureRow): Promise<void> {
  await insertRows(db, 'erasures', [row])
}
