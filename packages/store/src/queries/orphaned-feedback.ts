import type { Database } from '../database.js'
import type { FeedbackRow } from '../rows.js'
import { READ_LIMITS } from './interactions.js'
import { resolvedFeedback } from './resolved-feedback.js'
import { VISIBLE } from './visible.js'

/** How long feedback may wait for its interaction before it is listed. */
const DAY_MS = 24 * 3600 * 1000

export interface OrphanedRequest {
  /** 1 to 1,000. @default 100 */
  limit?: number | undefined
  /** Unix milliseconds. @default Date.now() */
  now?: number | undefined
}

/** Feedback whose target is no stored interaction although it came a day ago or longer. */
export interface OrphanedFeedback {
  /** Of the whole project. */
  count: number
  /** Newest first, without bodies. */
  items: Pick<
    FeedbackRow,
    'id' | 'kind' | 'target_kind' | 'target' | 'trust' | 'session_id' | 'occurred_at' | 'received_at'
  >[]
}

/**
 * Lists what points nowhere: an id that was never sent, a ref without a link, a response id that nobody answered with.
 * Nothing is lost by it: feedback resolves whenever its interaction comes.
 */
export async function orphanedFeedback(
  db: Database,
  projectId: string,
  request: OrphanedRequest = {},
): Promise<OrphanedFeedback> {
  const settled = "received_at <= {settled:DateTime64(3, 'UTC')}"
  const known = `SELECT toString(id) FROM interactions FINAL WHERE ${VISIBLE}`
  const resolved = `SELECT feedback_id FROM (${resolvedFeedback(settled)}) WHERE interaction_id IN (${known})`
  const rows = await db.query<OrphanedFeedback['items'][number] & { of: number }>(
    `SELECT id, kind, target_kind, target, trust, session_id, occurred_at, received_at, toFloat64(count() OVER ()) AS of
     FROM (SELECT * FROM feedback FINAL WHERE ${VISIBLE} AND ${settled} ORDER BY version DESC LIMIT 1 BY id)
     WHERE id NOT IN (${resolved})
     ORDER BY received_at DESC, toString(id) DESC LIMIT ${Math.min(1000, Math.max(1, Math.trunc(request.limit ?? 100)))}`,
    { project: projectId, settled: new Date((request.now ?? Date.now()) - DAY_MS).toISOString() },
    READ_LIMITS,
  )
  return { count: rows[0]?.of ?? 0, items: rows.map(({ of: _, ...row }) => row) }
}
