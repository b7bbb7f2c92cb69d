import type { Database } from './database.js'

/** Inserts row objects as NDJSON; no rows, no statement. */
export async function insertRows(db: Database, table: string, rows: readonly object[], token?: string): Promise<void> {
  if (rows.length === 0) return
  const ndjson = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'))
  await db.insert(table, ndjson, token === undefined ? undefined : { token })
}
