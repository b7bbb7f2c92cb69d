import type { Database } from '../database.js'
import { insertRows } from '../insert-rows.js'
import type { ExportItemRow, ExportRow } from '../rows.js'

/** Records a published export, after its manifest. The same export again replaces its row with an equal one. */
export async function recordExport(db: Database, row: ExportRow): Promise<void> {
  await insertRows(db, 'exports', [row])
}

/** Exports of a project, newest first. */
export async function listExports(db: Database, projectId: string): Promise<ExportRow[]> {
  return db.query<ExportRow>(
    'SELECT * FROM exports FINAL WHERE project_id = {project:String} ORDER BY created_at DESC, id LIMIT 1000',
    { project: projectId },
  )
}

/** One export by its id, or null. */
export async function getExport(db: Database, projectId: string, id: string): Promise<ExportRow | null> {
  const rows = await db.query<ExportRow>(
    'SELECT * FROM exports FINAL WHERE project_id = {project:String} AND id = {id:String}',
    { project: projectId, id },
  )
  return rows[0] ?? null
}

/** Records which events stand behind which exported row, in batches. */
export async function recordExportItems(db: Database, rows: readonly ExportItemRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += 10_000) {
    await insertRows(db, 'export_items', rows.slice(from, from + 10_000))
  }
}
