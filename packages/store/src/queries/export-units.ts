import type { InteractionFilter } from '@flywheel/schema'
import type { Database } from '../database.js'
import { filterConditions } from './interaction-filter.js'
import { EXPORT_LIMITS, SNAPSHOT_ORDER, SNAPSHOT_ROWS } from './snapshot.js'
import { firstArrival } from './visible.js'

/*
 * What an export of any size reads: at first the keys by which rows are joined, then the rows without bodies, in one pass
 * over each table, then bodies, which are named, some thousand at a time: an interval of the table's order after the other.
 * The engine finds what feedback is about; an interaction that no feedback, link or candidate points at, nor at another
 * step of its turn, is never read.
 */

/** What, beside its id, may make a row of a snapshot another than it was in an earlier one. Only where it is asked for. */
export interface RowStateRow {
  received_at: string
  /** Seconds since 1970 when retention takes its bodies; 0 where it has. */
  held_until: number
  /** Whose it is, as consents name them; '' for nobody. */
  user: string
  session: string
}

/** What joins one feedback event to others. */
export interface FeedbackKeysRow extends Partial<RowStateRow> {
  id: string
  target_kind: string
  target: string
  candidates: string[]
  retracts: string | null
  bytes: number
}

/** What joins one link. */
export interface LinkKeysRow extends Partial<RowStateRow> {
  id: string
  target_kind: string
  target: string
  ref: string
}

/** What joins one interaction. */
export interface InteractionKeysRow extends Partial<RowStateRow> {
  id: string
  turn_id: string
  session_id: string
  provider_response_id: string
  prompt_hash: string
  bytes: number
  /** Whether anything is left of what was asked and answered; only with the state. */
  is_readable?: boolean
}

const CANDIDATES = `arrayFilter(id -> id != '',
  arrayMap(candidate -> candidate.1, JSONExtract(candidates, 'Array(Tuple(id String))')))`

/** Rows of a SELECT as they come, parsed a chunk at a time. */
async function* rowsOf<Row>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield JSON.parse(line) as Row
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as Row
}

const stateOf = (user: string, session: string): string =>
  `, received_at, if(body_until > now64(3), toUnixTimestamp(body_until), 0) AS held_until, ${user} AS user, ${session} AS session`

/**
 * Keys of the snapshot's feedback, in no order.
 * @param withState whether each row has its state too
 */
export function readFeedbackKeys(
  db: Database,
  project: string,
  watermark: string,
  withState: boolean,
): AsyncIterable<FeedbackKeysRow> {
  const sql = `SELECT id, target_kind, target, ${CANDIDATES} AS candidates, retracts,
      length(kept) + length(kept_json) + length(shown) + length(reason_text) AS bytes${withState ? stateOf('author_id', 'session_id') : ''}
    FROM feedback FINAL WHERE ${SNAPSHOT_ROWS} AND ${firstArrival('feedback')}`
  return rowsOf(db.stream(sql, { project, watermark }, 'JSONEachRow', EXPORT_LIMITS))
}

/**
 * Keys of the snapshot's links, in no order.
 * @param withState whether each row has its state too
 */
export function readLinkKeys(
  db: Database,
  project: string,
  watermark: string,
  withState: boolean,
): AsyncIterable<LinkKeysRow> {
  const sql = `SELECT id, target_kind, target, ref${withState ? stateOf("''", "''") : ''} FROM links FINAL WHERE ${SNAPSHOT_ROWS} AND ${firstArrival('link')}`
  return rowsOf(db.stream(sql, { project, watermark }, 'JSONEachRow', EXPORT_LIMITS))
}

// Hidden and late rows among these only name more than is needed: whoever asks leaves out what nothing visible is about.
const OF_PROJECT = 'project_id = {project:String}'
const targets = (kind: string): string =>
  ['feedback', 'links']
    .map((table) => `SELECT target FROM ${table} WHERE ${OF_PROJECT} AND target_kind = '${kind}'`)
    .join(' UNION ALL ')
const ABOUT = `${OF_PROJECT} AND (
  id IN (SELECT toUUIDOrZero(target) FROM (${targets('interaction')}))
  OR id IN (SELECT toUUIDOrZero(arrayJoin(${CANDIDATES})) FROM feedback WHERE ${OF_PROJECT} AND candidates != '')
  OR turn_id IN (SELECT toUUIDOrZero(target) FROM (${targets('turn')}))
  OR (provider_response_id != '' AND provider_response_id IN (${targets('response')})))`

/** What stands in one turn, or with `sessions` in one session, with what feedback is or may be about. */
function besideFeedback({ sessions }: { sessions: boolean }): string {
  const beside = (column: string): string => `SELECT ${column} FROM interactions WHERE ${ABOUT}`
  const inSession = sessions ? `OR (session_id != '' AND session_id IN (${beside('session_id')}))` : ''
  return `${SNAPSHOT_ROWS} AND (turn_id IN (${beside('turn_id')}) ${inSession})`
}

/**
 * Keys of the interactions that feedback is about, may be about, or that stand in one turn with one of those; with
 * `sessions` also of those in one session with it. In no order.
 * @param withState whether each row has its state too
 */
export function readInteractionKeys(
  db: Database,
  project: string,
  watermark: string,
  joins: { sessions: boolean },
  withState: boolean,
): AsyncIterable<InteractionKeysRow> {
  const state = `${stateOf('user_id', 'session_id')}, held_until > 0 AND (messages != '' OR outputs != '') AS is_readable`
  const sql = `SELECT id, turn_id, session_id, provider_response_id, prompt_hash,
      length(system) + length(messages) + length(tools) + length(outputs) AS bytes${withState ? state : ''}
    FROM interactions FINAL WHERE ${besideFeedback(joins)}`
  return rowsOf(db.stream(sql, { project, watermark }, 'JSONEachRow', EXPORT_LIMITS))
}

/** Which columns of interactions are read, and of `metadata`, where it is among them, which keys. */
export interface InteractionColumns {
  readonly interactions: readonly string[]
  readonly metadata: readonly string[]
}

/** The metadata that is not asked for stays in the store. */
const SOME_METADATA = `mapFilter((name, value) -> has({metadata:Array(String)}, name), metadata) AS metadata`

/**
 * Some columns of the interactions of `readInteractionKeys`, as lines of JSON in no order. With a filter each line has
 * `is_selected`.
 * @param named ids of those that are read, sorted, at least one. @default all
 */
export function streamUnitInteractions(
  db: Database,
  project: string,
  watermark: string,
  { interactions, metadata }: InteractionColumns,
  joins: { sessions: boolean },
  filter?: Omit<InteractionFilter, 'feedback_kind' | 'has_feedback' | 'text'>,
  named?: readonly string[],
): AsyncIterable<Uint8Array> {
  const { row, params } = filter === undefined ? { row: '', params: {} } : filterConditions(filter)
  const selected = row === '' ? '' : `, (${row}) AS is_selected`
  const where = named === undefined ? besideFeedback(joins) : `${SNAPSHOT_ROWS} AND ${NAMED}`
  const columns = interactions.map((name) => (name === 'metadata' ? SOME_METADATA : untilLimit(name)))
  const sql = `SELECT ${columns.join(', ')}${selected} FROM interactions FINAL WHERE ${where}`
  const keys = interactions.includes('metadata') ? { metadata } : {}
  return db.stream(sql, { ...params, ...keys, project, watermark, ...namedParams(named) }, 'JSONEachRow', EXPORT_LIMITS)
}

/**
 * Some columns of the snapshot's feedback or links, as lines of JSON in no order.
 * @param named ids of those that are read, sorted, at least one. @default all
 */
export function streamUnitTargeted(
  db: Database,
  table: 'feedback' | 'links',
  project: string,
  watermark: string,
  columns: readonly string[],
  named?: readonly string[],
): AsyncIterable<Uint8Array> {
  const type = table === 'links' ? 'link' : table
  const sql = `SELECT ${columns.map(untilLimit).join(', ')} FROM ${table} FINAL
    WHERE ${SNAPSHOT_ROWS} AND ${firstArrival(type)}${named === undefined ? '' : ' AND id IN {ids:Array(UUID)}'}`
  return db.stream(sql, { project, watermark, ...namedParams(named) }, 'JSONEachRow', EXPORT_LIMITS)
}

/** Authors with so many corrections of whole outputs, and more, whatever became of them. */
export async function readFrequentAuthors(
  db: Database,
  project: string,
  watermark: string,
  corrections: number,
): Promise<string[]> {
  const rows = await db.query<{ author_id: string }>(
    `SELECT author_id FROM feedback WHERE ${OF_PROJECT} AND kind = 'correction' AND field = '' AND author_id != ''
       AND received_at <= {watermark:DateTime64(3, 'UTC')}
     GROUP BY author_id HAVING uniqExact(id) >= {corrections:UInt32} ORDER BY author_id`,
    { project, watermark, corrections },
    EXPORT_LIMITS,
  )
  return rows.map(({ author_id }) => author_id)
}

// By the table's order: the interval takes what is far off, the set what lies between.
const NAMED = `t >= UUIDv7ToDateTime({first:UUID}, 'UTC') AND t <= UUIDv7ToDateTime({last:UUID}, 'UTC')
  AND id IN {ids:Array(UUID)}`

function namedParams(ids: readonly string[] | undefined): Record<string, unknown> {
  return ids === undefined ? {} : { ids, first: ids[0], last: ids.at(-1) }
}

/**
 * Some columns of named interactions of a snapshot, as lines of JSON.
 * @param ids sorted, at least one
 */
export function readNamedInteractions(
  db: Database,
  project: string,
  watermark: string,
  columns: readonly string[],
  ids: readonly string[],
): AsyncIterable<Uint8Array> {
  const sql = `SELECT ${columns.map(untilLimit).join(', ')} FROM interactions FINAL
    WHERE ${SNAPSHOT_ROWS} AND ${NAMED} ${SNAPSHOT_ORDER}`
  return db.stream(sql, { project, watermark, ...namedParams(ids) }, 'JSONEachRow', EXPORT_LIMITS)
}

const BODIES = new Set(['system', 'messages', 'tools', 'outputs', 'kept', 'kept_json', 'shown', 'reason_text'])

/** Bodies past their limit read as '' before a merge has taken them. */
function untilLimit(column: string): string {
  return BODIES.has(column) ? `if(body_until > now64(3), ${column}, '') AS ${column}` : column
}
