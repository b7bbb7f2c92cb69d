import type { Database } from '../database.js'
import { insertRows } from '../insert-rows.js'
import type { KeyRow, ProjectRow } from '../rows.js'

/** Writes a project, or its newer version: the row with the latest `updated_at` wins. */
export async function insertProject(db: Database, row: ProjectRow): Promise<void> {
  await insertRows(db, 'projects', [row])
}

/** Every project, oldest first. */
export async function loadProjects(db: Database): Promise<ProjectRow[]> {
  return db.query<ProjectRow>('SELECT * FROM projects FINAL ORDER BY created_at, id')
}

/** Writes a key, or its newer version: the row with the latest `updated_at` wins. */
export async function insertKey(db: Database, row: KeyRow): Promise<void> {
  await insertRows(db, 'keys', [row])
}

/** Every key of every project, revoked ones too, oldest first. */
export async function loadKeys(db: Database): Promise<KeyRow[]> {
  return db.query<KeyRow>('SELECT * FROM keys FINAL ORDER BY created_at, id')
}

/**
 * Revokes a key: it authenticates nothing from the directory's next refresh on, and its tickets never again.
 * @returns false if there is no such key
 */
export async function revokeKey(db: Database, id: string, now: Date = new Date()): Promise<boolean> {
  const [row] = await db.query<KeyRow>('SELECT * FROM keys FINAL WHERE id = {id:String}', { id })
  if (!row) return false
  // Never older than the row it replaces, whatever this machine's clock says.
  const updated_at = new Date(Math.max(now.getTime(), Date.parse(row.updated_at) + 1)).toISOString()
  await insertRows(db, 'keys', [{ ...row, status: 'revoked', updated_at }])
  return true
}
