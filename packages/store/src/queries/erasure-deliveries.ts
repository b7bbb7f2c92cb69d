import type { Database } from '../database.js'
import { insertRows } from '../insert-rows.js'

/** One receiver or place that must learn that an export was replaced. */
export interface ErasureDeliveryRow {
  project_id: string
  /** The export that was replaced. */
  export_id: string
  kind: 'webhook' | 's3' | 'hub'
  /** Of a webhook its name, of a place its address, as the recipients of the export have it. */
  name: string
  /** '' where no export is in its place. */
  replaced_by: string
  /** `open`: not tried to its end. `failed`: tried again later. `by_hand`: `remains` says what a person has to do. */
  status: 'open' | 'done' | 'failed' | 'by_hand'
  attempts: number
  /** JSON text: what is told, the same in every attempt. */
  message: string
  /** What went wrong or is left to do; '' where nothing is. */
  remains: string
  created_at: string
  /** The latest wins. */
  updated_at: string
}

/** Writes deliveries, or their newer versions. */
export async function recordErasureDeliveries(db: Database, rows: readonly ErasureDeliveryRow[]): Promise<void> {
  await insertRows(db, 'erasure_deliveries', rows)
}

/** Every delivery of a project's erasures, oldest first. */
export async function erasureDeliveries(db: Database, projectId: string): Promise<ErasureDeliveryRow[]> {
  return db.query<ErasureDeliveryRow>(
    `SELECT * FROM erasure_deliveries FINAL WHERE project_id = {project:String}
     ORDER BY created_at, export_id, kind, name`,
    { project: projectId },
  )
}

/**
 * Projects of which a delivery is not done, and may be done without a person, or may have been done by one.
 * @param seen_before RFC 3339 UTC: what was left to a person is looked at again where it was last looked at before
 */
export async function projectsWithOpenDeliveries(db: Database, seen_before: string): Promise<string[]> {
  const rows = await db.query<{ project_id: string }>(
    `SELECT DISTINCT project_id FROM erasure_deliveries FINAL
     WHERE status IN ('open', 'failed')
       OR (status = 'by_hand' AND kind != 'hub' AND updated_at <= {before:DateTime64(3, 'UTC')})
     ORDER BY project_id`,
    { before: seen_before },
  )
  return rows.map(({ project_id }) => project_id)
}

/** A run that published an export, and what was sent where then. */
export interface PublishingRun {
  export_id: string
  recipe_name: string
  /** JSON text: an array; '' where nothing was. */
  deliveries: string
}

/** The runs that published each of these exports, oldest first. */
export async function runsOfExports(
  db: Database,
  projectId: string,
  exportIds: readonly string[],
): Promise<PublishingRun[]> {
  return db.query<PublishingRun>(
    `SELECT export_id, recipe_name, deliveries FROM runs FINAL
     WHERE project_id = {project:String} AND export_id IN {ids:Array(String)} ORDER BY created_at, id`,
    { project: projectId, ids: [...exportIds] },
  )
}
