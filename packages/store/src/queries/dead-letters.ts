import { EVENT_TYPES } from '@flywheel/schema'
import type { Database, QueryLimits } from '../database.js'
import { type DeadLetterRow, EVENT_TABLES } from '../rows.js'
import { decodeCursor, encodeCursor, listHash } from './cursor.js'
import { type Page, type PageRequest, READ_LIMITS } from './interactions.js'

/** `stored`: the event is in its table, by a replay or by another arrival. Else what was done with the letter. */
export type DeadLetterState = 'open' | 'replayed' | 'stored'

export interface DeadLetterFilter {
  /** `<log_id>/<partition>:<position>/<line>`, as `id` of a letter. */
  ids?: readonly string[] | undefined
  /** @default every state */
  state?: DeadLetterState | undefined
  /** The reason. */
  code?: string | undefined
  event_id?: string | undefined
  /** RFC 3339, by receipt: from it on. */
  since?: string | undefined
  /** RFC 3339, by receipt: before it. */
  until?: string | undefined
}

/** A dead letter without its bytes. */
export interface DeadLetterHead extends Required<Omit<DeadLetterRow, 'body' | 'status' | 'updated_at'>> {
  id: string
  state: DeadLetterState
  /** Length of the bytes kept; 0 once they have expired. */
  body_bytes: number
}

/** A dead letter with its bytes. */
export interface DeadLetter extends DeadLetterHead {
  body: string
}

const ID = "concat(log_id, '/', toString(partition), ':', toString(position), '/', toString(line))"
/** Bodies may be large, and a replay waits for nobody. */
const BODY_LIMITS: QueryLimits = { max_execution_time_s: 60, max_memory_bytes: 1 << 30 }

/** Dead letters of a project, newest first, without their bytes and without those of erased subjects. */
export async function listDeadLetters(
  db: Database,
  projectId: string,
  filter: DeadLetterFilter = {},
  request: PageRequest = {},
): Promise<Page<DeadLetterHead>> {
  const limit = Math.min(10_000, Math.max(1, Math.trunc(request.limit ?? 100)))
  const hash = listHash(`dead_letters ${JSON.stringify(filter)}`, projectId, {})
  const after = request.cursor === undefined ? null : decodeCursor(request.cursor, hash)
  const items = await db.query<DeadLetterHead>(
    `SELECT * FROM (${letters(filter)})
     WHERE ({state:String} = '' OR state = {state:String})
       AND ({after:String} = '' OR (received_at, id) < (parseDateTime64BestEffortOrZero({after:String}, 3, 'UTC'), {after_id:String}))
     ORDER BY received_at DESC, id DESC LIMIT ${limit + 1}`,
    { ...params(projectId, filter), after: after?.t ?? '', after_id: after?.id ?? '' },
    READ_LIMITS,
  )
  const last = items.length > limit ? items[limit - 1] : undefined
  return {
    items: items.slice(0, limit),
    next_cursor: last === undefined ? null : encodeCursor(hash, { t: last.received_at, id: last.id }),
  }
}

/** Dead letters with their bytes, the oldest first: the first arrival of an event stays the first when they are replayed. */
export async function readDeadLetters(db: Database, projectId: string, ids: readonly string[]): Promise<DeadLetter[]> {
  return db.query<DeadLetter>(
    `SELECT * FROM (${letters({ ids }, "if(body_until > now64(3), body, '') AS body")})
     ORDER BY received_at, log_id, partition, position, line`,
    params(projectId, { ids }),
    BODY_LIMITS,
  )
}

/** Writes a newer version of the letters that says `replayed`; an older one that the sink repeats does not take it back. */
export async function markReplayed(db: Database, projectId: string, ids: readonly string[]): Promise<void> {
  await db.command(
    `INSERT INTO dead_letters SELECT * REPLACE ('replayed' AS status, greatest(now64(3), updated_at) AS updated_at)
     FROM dead_letters FINAL WHERE project_id = {project:String} AND ${ID} IN {ids:Array(String)}`,
    { project: projectId, ids: [...ids] },
  )
}

function params(projectId: string, { ids, state, code, event_id, since, until }: DeadLetterFilter) {
  return {
    project: projectId,
    ids: [...(ids ?? [])],
    state: state ?? '',
    code: code ?? '',
    event_id: event_id ?? '',
    since: since ?? '2000-01-01T00:00:00.000Z',
    until: until ?? '2199-01-01T00:00:00.000Z',
  }
}

/** Letters that may be shown. An erasure hides them by the event's id and by their subjects, at once. */
function letters(filter: DeadLetterFilter, body?: string): string {
  const erasures = 'FROM erasures FINAL WHERE project_id = {project:String}'
  const ofErased = ['user_hmac', 'author_hmac', 'session_hmac']
    .map((column) => `AND ${column} NOT IN (SELECT subject_hmac ${erasures})`)
    .join(' ')
  // Only ids of letters are looked up, by the tables' bloom filters on id.
  const stored = EVENT_TYPES.map(
    (type) => `SELECT '${type}' AS type, toString(id) AS event_id FROM ${EVENT_TABLES[type]}
      WHERE project_id = {project:String} AND row_until > now64(3) AND id IN (
        SELECT toUUIDOrZero(event_id) FROM dead_letters WHERE project_id = {project:String} AND type = '${type}')`,
  ).join(' UNION ALL ')
  return `SELECT ${ID} AS id, log_id, partition, position, line, type, event_id, code, message, received_at, body_until,
      row_until, trust, user_hmac, author_hmac, session_hmac, replays,
      if(body_until > now64(3), length(body), 0) AS body_bytes,
      if((type, event_id) IN (${stored}), 'stored', status) AS state${body === undefined ? '' : `, ${body}`}
    FROM dead_letters FINAL
    WHERE project_id = {project:String} AND row_until > now64(3)
      AND toUUIDOrZero(event_id) NOT IN (SELECT arrayJoin(event_ids) ${erasures})
      AND 'project' NOT IN (SELECT subject_kind ${erasures}) ${ofErased}
      AND received_at >= {since:DateTime64(3, 'UTC')} AND received_at < {until:DateTime64(3, 'UTC')}
      AND ({code:String} = '' OR code = {code:String}) AND ({event_id:String} = '' OR event_id = {event_id:String})
      ${filter.ids === undefined ? '' : `AND ${ID} IN {ids:Array(String)}`}`
}
