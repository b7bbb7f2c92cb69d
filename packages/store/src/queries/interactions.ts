import type { InteractionFilter } from '@flywheel/schema'
import type { Database, QueryLimits, QueryParams } from '../database.js'
import type { InteractionListRow, InteractionRow } from '../rows.js'
import { INTERACTION_BODIES, INTERACTION_HEAD, INTERACTION_PREVIEWS } from './columns.js'
import { decodeCursor, encodeCursor, type ListPosition, listHash } from './cursor.js'
import { filterConditions } from './interaction-filter.js'
import { VISIBLE } from './visible.js'

/** Limits of one query that a user waits for. */
export const READ_LIMITS: QueryLimits = { max_execution_time_s: 30, max_memory_bytes: 1 << 30 }

/** One page of a list. */
export interface Page<Row> {
  items: Row[]
  /** Send it back with the same filters; null at the end. */
  next_cursor: string | null
}

export interface PageRequest {
  cursor?: string | undefined
  /** 1 to 1,000. @default 50 */
  limit?: number | undefined
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Interactions of a project that meet the filter, newest first, without bodies.
 *
 * Two steps, so that a page costs a page and not the project: the newest candidates in the order of the key without
 * FINAL, then FINAL over exactly those ids. A row that lost to a first arrival is a candidate at most.
 *
 * @throws FlywheelError `invalid_cursor` when the cursor belongs to other filters
 */
export async function listInteractions(
  db: Database,
  projectId: string,
  filter: InteractionFilter = {},
  request: PageRequest = {},
): Promise<Page<InteractionListRow>> {
  const limit = Math.min(1000, Math.max(1, Math.trunc(request.limit ?? 50)))
  const hash = listHash('interactions', projectId, filter)
  const { row, feedback, params } = filterConditions(filter)
  const project = { ...params, project: projectId }
  let after = request.cursor === undefined ? null : decodeCursor(request.cursor, hash)
  const items: InteractionListRow[] = []
  for (;;) {
    const wanted = limit + 1 - items.length
    const candidates: Candidate[] = await db.query<Candidate>(
      `SELECT t, toString(id) AS id_text FROM interactions WHERE ${VISIBLE} AND ${row} AND ${feedback} AND ${beyond(after)}
       ORDER BY t DESC, id_text DESC LIMIT 1 BY id_text LIMIT ${wanted}`,
      { ...project, ...position(after) },
      READ_LIMITS,
    )
    if (candidates.length > 0) items.push(...(await winners(db, candidates, row, project)))
    const last = candidates.at(-1)
    if (last === undefined || candidates.length < wanted || items.length > limit) break
    after = { t: last.t, id: last.id_text }
  }
  const next = items.length > limit ? items[limit - 1] : undefined
  return { items: items.slice(0, limit), next_cursor: next ? encodeCursor(hash, next) : null }
}

interface Candidate {
  t: string
  id_text: string
}

/** Rows strictly beyond a position of the list. The first condition lets the key skip what lies before. */
function beyond(after: ListPosition | null): string {
  if (after === null) return 'true'
  const t = "{after_t:DateTime64(3, 'UTC')}"
  return `t <= ${t} AND (t < ${t} OR toString(id) < {after_id:String})`
}

function position(after: ListPosition | null): QueryParams {
  return after === null ? {} : { after_t: after.t, after_id: after.id }
}

/** Of the candidates the rows that arrived first and meet the condition, in the list's order. */
function winners(
  db: Database,
  candidates: readonly Candidate[],
  condition: string,
  params: QueryParams,
): Promise<InteractionListRow[]> {
  return db.query<InteractionListRow>(
    `SELECT ${INTERACTION_HEAD}, ${INTERACTION_PREVIEWS} FROM interactions FINAL
     WHERE ${VISIBLE} AND ${condition} AND t >= {oldest:DateTime64(3, 'UTC')} AND t <= {newest:DateTime64(3, 'UTC')}
       AND id IN {ids:Array(UUID)}
     ORDER BY t DESC, toString(id) DESC`,
    {
      ...params,
      oldest: candidates.at(-1)!.t,
      newest: candidates[0]!.t,
      ids: candidates.map((candidate) => candidate.id_text),
    },
    READ_LIMITS,
  )
}

/** One interaction with its bodies as raw JSON text, or null. */
export async function getInteraction(db: Database, projectId: string, id: string): Promise<InteractionRow | null> {
  if (!UUID.test(id)) return null
  const rows = await db.query<InteractionRow>(
    `SELECT ${INTERACTION_HEAD}, ${INTERACTION_PREVIEWS}, ${INTERACTION_BODIES} FROM interactions FINAL
     WHERE ${VISIBLE} AND t = UUIDv7ToDateTime({id:UUID}, 'UTC') AND id = {id:UUID}`,
    { project: projectId, id },
    READ_LIMITS,
  )
  return rows[0] ?? null
}
