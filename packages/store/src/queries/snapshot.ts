import type { Database, QueryLimits } from '../database.js'
import type { ConsentRow, ErasureRow, FeedbackRow, InteractionBodiesRow, InteractionHead, LinkRow } from '../rows.js'
import { FEEDBACK_COLUMNS, INTERACTION_BODIES, INTERACTION_HEAD } from './columns.js'
import { loadErasures } from './sink.js'
import { firstArrival, VISIBLE } from './visible.js'

/*
 * What an export reads. Every reader sees the rows received at or before the watermark, first arrivals only, less what
 * is past its limit or erased, in an order that does not depend on the database: by time, then by id as text.
 */

/** The condition of a snapshot. Needs the parameters `project` and `watermark`. */
export const SNAPSHOT_ROWS: string = `${VISIBLE} AND received_at <= {watermark:DateTime64(3, 'UTC')}`
/** The order of a snapshot. */
export const SNAPSHOT_ORDER = 'ORDER BY t, toString(id)'
/** Limits of one statement of an export. */
export const EXPORT_LIMITS: QueryLimits = { max_execution_time_s: 600, max_memory_bytes: 2 ** 31 }

/** Feedback of the snapshot, with bodies. */
export async function readFeedback(db: Database, projectId: string, watermark: string): Promise<FeedbackRow[]> {
  return read<FeedbackRow>(
    db,
    `SELECT ${FEEDBACK_COLUMNS} FROM feedback FINAL
     WHERE ${SNAPSHOT_ROWS} AND ${firstArrival('feedback')} ${SNAPSHOT_ORDER}`,
    projectId,
    watermark,
  )
}

/** Interactions of the snapshot, without bodies. */
export async function readInteractionHeads(
  db: Database,
  projectId: string,
  watermark: string,
): Promise<InteractionHead[]> {
  return read<InteractionHead>(
    db,
    `SELECT ${INTERACTION_HEAD} FROM interactions FINAL WHERE ${SNAPSHOT_ROWS} ${SNAPSHOT_ORDER}`,
    projectId,
    watermark,
  )
}

/**
 * Bodies of the named interactions, in the order of (t, id); ids that are unknown or hidden are left out.
 * Read in slices, so that the event loop and the memory see one slice at a time.
 */
export async function* readInteractionBodies(
  db: Database,
  projectId: string,
  ids: readonly string[],
): AsyncIterable<InteractionBodiesRow> {
  const sorted = [...ids].sort()
  for (let from = 0; from < sorted.length; from += BODIES_SLICE) {
    const slice = sorted.slice(from, from + BODIES_SLICE)
    yield* await db.query<InteractionBodiesRow>(
      `SELECT id, ${INTERACTION_BODIES} FROM interactions FINAL
       WHERE ${VISIBLE} AND id IN {ids:Array(UUID)}
         AND t >= UUIDv7ToDateTime({first:UUID}, 'UTC') AND t <= UUIDv7ToDateTime({last:UUID}, 'UTC') ${SNAPSHOT_ORDER}`,
      { project: projectId, ids: slice, first: slice[0], last: slice.at(-1) },
      EXPORT_LIMITS,
    )
  }
}

const BODIES_SLICE = 500

/** Links of the snapshot. */
export async function readLinks(db: Database, projectId: string, watermark: string): Promise<LinkRow[]> {
  return read<LinkRow>(
    db,
    `SELECT *, t FROM links FINAL WHERE ${SNAPSHOT_ROWS} AND ${firstArrival('link')} ${SNAPSHOT_ORDER}`,
    projectId,
    watermark,
  )
}

/** Consent events received at or before the cut-off; never hidden by a limit, for a withdrawal must not expire. */
export async function readConsents(db: Database, projectId: string, cutoff: string): Promise<ConsentRow[]> {
  return read<ConsentRow>(
    db,
    `SELECT *, t FROM consents FINAL
     WHERE project_id = {project:String} AND received_at <= {watermark:DateTime64(3, 'UTC')}
       AND ${firstArrival('consent')} ${SNAPSHOT_ORDER}`,
    projectId,
    cutoff,
  )
}

/** Tombstones made at or before the cut-off. */
export async function readErasures(db: Database, projectId: string, cutoff: string): Promise<ErasureRow[]> {
  const rows = await loadErasures(db, projectId)
  return rows.filter((row) => Date.parse(row.created_at) <= Date.parse(cutoff))
}

function read<Row>(db: Database, sql: string, project: string, watermark: string): Promise<Row[]> {
  return db.query<Row>(sql, { project, watermark }, EXPORT_LIMITS)
}
