import type { Database } from '../database.js'
import type { DeadLetterRow } from '../rows.js'
import { READ_LIMITS } from './interactions.js'

export interface DeadLetterFilter {
  /** @default both */
  status?: DeadLetterRow['status'] | undefined
  code?: string | undefined
  /** 1 to 1,000. @default 100 */
  limit?: number | undefined
}

/** Dead letters of a project with their bytes and their reason, newest first. */
export async function listDeadLetters(
  db: Database,
  projectId: string,
  filter: DeadLetterFilter = {},
): Promise<DeadLetterRow[]> {
  return db.query<DeadLetterRow>(
    `SELECT * REPLACE if(body_until > now64(3), body, '') AS body FROM dead_letters FINAL
     WHERE project_id = {project:String} AND row_until > now64(3)
       AND toUUIDOrZero(event_id) NOT IN (SELECT arrayJoin(event_ids) FROM erasures FINAL WHERE project_id = {project:String})
       AND ({status:String} = '' OR status = {status:String}) AND ({code:String} = '' OR code = {code:String})
     ORDER BY received_at DESC, log_id, partition, position DESC, line DESC
     LIMIT ${Math.min(1000, Math.max(1, Math.trunc(filter.limit ?? 100)))}`,
    { project: projectId, status: filter.status ?? '', code: filter.code ?? '' },
    READ_LIMITS,
  )
}
