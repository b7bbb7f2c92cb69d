import type { Database } from '../database.js'
import { EXPORT_LIMITS, SNAPSHOT_ROWS } from './snapshot.js'

/** Interactions of a snapshot by what the host calls their task and surface; '' where it named none. */
export interface CapturedGroup {
  task: string
  surface: string
  interactions: number
}

/**
 * Counts what was captured up to a watermark, with feedback or without, in the order of task and surface. What retention
 * or erasure took since is not counted: the same watermark may have fewer later.
 */
export async function readCapturedGroups(db: Database, project: string, watermark: string): Promise<CapturedGroup[]> {
  const rows = await db.query<{ task: string; surface: string; interactions: number | string }>(
    `SELECT task, surface, count() AS interactions FROM interactions FINAL WHERE ${SNAPSHOT_ROWS}
     GROUP BY task, surface ORDER BY task, surface`,
    { project, watermark },
    EXPORT_LIMITS,
  )
  return rows.map((row) => ({ ...row, interactions: Number(row.interactions) }))
}
