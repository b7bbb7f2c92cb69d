import type { InteractionFilter } from '@flywheel/schema'
import type { Database } from '../database.js'
import { filterConditions } from './interaction-filter.js'
import { EXPORT_LIMITS, SNAPSHOT_ORDER, SNAPSHOT_ROWS } from './snapshot.js'

/**
 * Ids of the snapshot's interactions that meet the conditions on the interaction itself, in the snapshot's order.
 * Conditions on feedback are not looked at: what resolves where depends on more than the snapshot.
 */
export async function readSelectedInteractions(
  db: Database,
  projectId: string,
  filter: Omit<InteractionFilter, 'feedback_kind' | 'has_feedback' | 'text'>,
  watermark: string,
): Promise<string[]> {
  const { row, params } = filterConditions(filter)
  const rows = await db.query<{ selected: string }>(
    `SELECT toString(id) AS selected FROM interactions FINAL WHERE ${SNAPSHOT_ROWS} AND ${row} ${SNAPSHOT_ORDER}`,
    { ...params, project: projectId, watermark },
    EXPORT_LIMITS,
  )
  return rows.map(({ selected }) => selected)
}
