import type { Database } from '../database.js'
import { insertRows } from '../insert-rows.js'
import type { ExportItemRow, ExportRecipientRow, ExportRow, FeedbackRow, InteractionHead } from '../rows.js'
import { FEEDBACK_COLUMNS, INTERACTION_HEAD } from './columns.js'

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

/** Every export of a project, whatever their number, oldest first. */
export async function allExports(db: Database, projectId: string): Promise<ExportRow[]> {
  return db.query<ExportRow>(
    'SELECT * FROM exports FINAL WHERE project_id = {project:String} ORDER BY created_at, id',
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

/** Exports whose ids begin so, newest first. */
export async function exportsNamed(db: Database, projectId: string, beginning: string): Promise<ExportRow[]> {
  return db.query<ExportRow>(
    'SELECT * FROM exports FINAL WHERE project_id = {project:String} AND startsWith(id, {beginning:String}) ORDER BY created_at DESC, id',
    { project: projectId, beginning },
  )
}

/** Records which events stand behind which exported row, in batches. */
export async function recordExportItems(db: Database, rows: readonly ExportItemRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += 10_000) {
    await insertRows(db, 'export_items', rows.slice(from, from + 10_000))
  }
}

/** Marks an export as replaced by its erasure export and forgets which events stood behind its rows. */
export async function supersedeExport(db: Database, row: ExportRow): Promise<void> {
  const updated_at = new Date(Math.max(Date.now(), Date.parse(row.created_at) + 1)).toISOString()
  await insertRows(db, 'exports', [{ ...row, status: 'superseded', updated_at }])
  await forgetExportItems(db, row.project_id, [row.id])
}

/** Forgets which events stood behind the rows of exports that are no more. */
export async function forgetExportItems(db: Database, project: string, ids: readonly string[]): Promise<void> {
  await db.command(
    'ALTER TABLE export_items DELETE WHERE project_id = {project:String} AND export_id IN {ids:Array(String)} SETTINGS mutations_sync = 2',
    { project, ids: [...ids] },
  )
}

/** Forgets the events behind rows of superseded exports, where a crash came between the two steps of `supersedeExport`. */
export async function forgetSupersededItems(db: Database, projectId: string): Promise<void> {
  const left = await db.query<{ export_id: string }>(
    `SELECT DISTINCT export_id FROM export_items WHERE project_id = {project:String} AND export_id IN (
       SELECT id FROM exports FINAL WHERE project_id = {project:String} AND status = 'superseded')`,
    { project: projectId },
  )
  // Only where there are any: a mutation rewrites whole parts.
  if (left.length > 0) {
    await forgetExportItems(
      db,
      projectId,
      left.map(({ export_id }) => export_id),
    )
  }
}

/** The rows of an export with the events behind them. */
export async function exportItems(db: Database, projectId: string, exportId: string): Promise<ExportItemRow[]> {
  return db.query<ExportItemRow>(
    'SELECT * FROM export_items FINAL WHERE project_id = {project:String} AND export_id = {id:String} ORDER BY config, row_id',
    { project: projectId, id: exportId },
  )
}

/** Rows of exports behind which an erased event stands, each with every erasure that takes it. */
export async function erasedItems(
  db: Database,
  projectId: string,
): Promise<{ export_id: string; row_id: string; erasures: string[] }[]> {
  return db.query(
    `SELECT export_id, row_id, arraySort(groupUniqArray(erasure)) AS erasures
     FROM (SELECT export_id, row_id, arrayJoin(event_ids) AS event FROM export_items FINAL
       WHERE project_id = {project:String}) AS items
     INNER JOIN (SELECT toString(id) AS erasure, arrayJoin(event_ids) AS event FROM erasures FINAL
       WHERE project_id = {project:String}) AS erased ON items.event = erased.event
     GROUP BY export_id, row_id ORDER BY export_id, row_id`,
    { project: projectId },
  )
}

/** Runs of exports that a living process is at. */
export async function runsUnderWay(db: Database, projectId: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `SELECT toString(id) AS id FROM runs FINAL
     WHERE project_id = {project:String} AND status = 'running' AND lease_until > now64(3)`,
    { project: projectId },
  )
  return rows.map(({ id }) => id)
}

/** Notes whom an export was given to. The same recipient again changes nothing but the note. */
export async function addRecipient(db: Database, row: ExportRecipientRow): Promise<void> {
  await insertRows(db, 'export_recipients', [row])
}

/** Recipients of the named exports. */
export async function recipientsOf(
  db: Database,
  projectId: string,
  exportIds: readonly string[],
): Promise<ExportRecipientRow[]> {
  return db.query<ExportRecipientRow>(
    `SELECT * FROM export_recipients FINAL WHERE project_id = {project:String} AND export_id IN {ids:Array(String)}
     ORDER BY export_id, recipient`,
    { project: projectId, ids: [...exportIds] },
  )
}

/** The events behind the rows of an export that are still stored, hidden ones among them. */
export async function exportedEvents(
  db: Database,
  projectId: string,
  exportId: string,
): Promise<{ interactions: InteractionHead[]; feedback: FeedbackRow[] }> {
  const params = { project: projectId, id: exportId }
  const mine = `project_id = {project:String} AND id IN (
    SELECT arrayJoin(event_ids) FROM export_items FINAL WHERE project_id = {project:String} AND export_id = {id:String})`
  return {
    interactions: await db.query(`SELECT ${INTERACTION_HEAD} FROM interactions FINAL WHERE ${mine}`, params),
    feedback: await db.query(`SELECT ${FEEDBACK_COLUMNS} FROM feedback FINAL WHERE ${mine}`, params),
  }
}
