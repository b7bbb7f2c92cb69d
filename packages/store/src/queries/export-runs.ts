import type { Database } from '../database.js'
import { insertRows } from '../insert-rows.js'

/** How a run stands. `yielded`: another process has done its turn. */
export type ExportRunStatus = 'running' | 'published' | 'reused' | 'empty' | 'failed' | 'yielded'

/** One run of an export, asked for or by schedule. */
export interface ExportRunRow {
  project_id: string
  /** UUIDv7. */
  id: string
  recipe_name: string
  status: ExportRunStatus
  cause: 'schedule' | 'request'
  /** The turn of the schedule that this run is of. */
  due_at: string | null
  /** The process that works at it. */
  holder: string
  watermark: string | null
  /** Until when the holder is believed to be alive. */
  lease_until: string
  /** '' unless published or reused. */
  export_id: string
  /** The gate that took everything, where the result is empty. */
  gate: string
  error_code: string
  error: string
  /** JSON text: an array of what was sent where. */
  deliveries: string
  created_at: string
  /** When the work at it began; null while it waits for others. */
  begun_at: string | null
  finished_at: string | null
  /** The latest wins. */
  updated_at: string
}

/** Writes a run, or its newer version. */
export async function recordRun(db: Database, row: ExportRunRow): Promise<void> {
  await insertRows(db, 'runs', [row])
}

/** The store's clock: leases of several machines are compared by one. RFC 3339 UTC. */
export async function storeTime(db: Database): Promise<string> {
  const [row] = await db.query<{ now: string }>("SELECT now64(3, 'UTC') AS now")
  return row?.now ?? ''
}

/**
 * Runs of a project, newest first, at most 1000; turns that another process has done are left out. A run whose holder
 * has not renewed its lease reads as failed with the code `lease_lost`.
 */
export async function listRuns(db: Database, projectId: string, limit: number): Promise<ExportRunRow[]> {
  return db.query<ExportRunRow>(
    `SELECT * EXCEPT (lost)
       REPLACE (if(lost, 'failed', status) AS status, if(lost, 'lease_lost', error_code) AS error_code) FROM (
       SELECT *, status = 'running' AND lease_until < now64(3) AS lost FROM runs FINAL
       WHERE project_id = {project:String} AND status != 'yielded'
     ) ORDER BY created_at DESC, id DESC LIMIT {limit:UInt32}`,
    { project: projectId, limit: Math.min(limit, 1000) },
  )
}

/** Runs of every project that somebody works at, in the order in which they take their turn. */
export async function liveRuns(db: Database): Promise<ExportRunRow[]> {
  return db.query<ExportRunRow>(
    "SELECT * FROM runs FINAL WHERE status = 'running' AND lease_until >= now64(3) ORDER BY created_at, id",
  )
}

/** All runs of one turn of a schedule, oldest first. */
export async function runsOfTurn(
  db: Database,
  turn: { project_id: string; recipe_name: string; due_at: string },
): Promise<ExportRunRow[]> {
  return db.query<ExportRunRow>(
    `SELECT * FROM runs FINAL
     WHERE project_id = {project:String} AND recipe_name = {recipe:String} AND due_at = {due:DateTime64(3, 'UTC')}
     ORDER BY created_at, id`,
    { project: turn.project_id, recipe: turn.recipe_name, due: turn.due_at },
  )
}

/** The latest turn of a recipe's schedule that ended, whatever its result. RFC 3339 UTC. */
export async function lastTurn(db: Database, projectId: string, recipeName: string): Promise<string | null> {
  const [row] = await db.query<{ due_at: string | null }>(
    `SELECT max(due_at) AS due_at FROM runs FINAL
     WHERE project_id = {project:String} AND recipe_name = {recipe:String}
       AND status IN ('published', 'reused', 'empty', 'failed')`,
    { project: projectId, recipe: recipeName },
  )
  return row?.due_at ?? null
}
