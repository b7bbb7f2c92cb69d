import { FlywheelError } from '@flywheel/schema'
import type { Database, QueryLimits, QueryParams } from '../database.js'
import { insertRows } from '../insert-rows.js'
import { type ErasureStateRow, EVENT_TABLES } from '../rows.js'

/** Two unsigned 64-bit integers in decimal: the key of the hashes in `subject_key` and `target_keys`. */
export interface KeyedHash {
  k0: string
  k1: string
}

/** The tables that hold what a person said, and their ids. */
const HELD: Readonly<Record<string, string>> = {
  interactions: 'id',
  feedback: 'id',
  links: 'id',
  consents: 'id',
  dead_letters: 'toUUIDOrZero(event_id)',
}

/** Counts of a tombstone's rows, by table. */
export type ErasureCounts = Record<string, number>

const LIMITS: QueryLimits = { max_execution_time_s: 600, max_memory_bytes: 2 ** 31 }
/** A statement may have 256 KiB; an id takes 39 bytes of it. */
const IDS_A_STATEMENT = 4000

const keyed = (text: string) =>
  `lower(hex(sipHash128Keyed((toUInt64({k0:String}), toUInt64({k1:String})), toString(${text}))))`
const PROJECT = 'project_id = {project:String}'
const OWN = `FROM erasures FINAL WHERE ${PROJECT} AND id = {erasure:UUID}`
const TARGETS = `(SELECT arrayJoin(target_keys) ${OWN})`

/** The keyed hash of a text as the tables' columns are hashed. */
export async function keyedHash(db: Database, key: KeyedHash, text: string): Promise<string> {
  const [row] = await db.query<{ hash: string }>(`SELECT ${keyed('{text:String}')} AS hash`, { ...key, text })
  return row!.hash
}

/** One tombstone with its state, or null. */
export async function getErasure(db: Database, projectId: string, id: string): Promise<ErasureStateRow | null> {
  const rows = await db.query<ErasureStateRow>(
    `SELECT * FROM erasures FINAL WHERE ${PROJECT} AND id = {id:UUID}`,
    { project: projectId, id },
    LIMITS,
  )
  return rows[0] ?? null
}

/** Tombstones of every project that are not final. Those that another version or a hand wrote have no `subject_key`. */
export async function openErasures(db: Database): Promise<ErasureStateRow[]> {
  return db.query<ErasureStateRow>(
    "SELECT * FROM erasures FINAL WHERE state != 'final' AND subject_key != '' ORDER BY created_at, id",
    {},
    LIMITS,
  )
}

/** What a writer of a tombstone may change; of the lists it names only what it adds. */
type ErasureChange = Partial<Omit<ErasureStateRow, 'project_id' | 'id' | 'updated_at'>>

const ORDER = ['hidden', 'rewritten', 'final'] as const

/**
 * Writes the tombstone's next version over the one that is stored by now, which another server may have written since
 * `seen`: what either found stays in `event_ids` and `target_keys`, and what the change does not name is as stored. Two
 * servers whose reads and inserts cross within the same moment can still lose what one of them found; its next write of
 * the same erasure brings it back.
 * @param seen the version that the change builds on; it is written as it is where none is stored
 * @throws conflict where the change names state, counts or time of deletion, and another server has carried these on
 *   since, or the state is before the stored one. Only from final it may go back to hidden: asked for again.
 */
export async function writeErasure(
  db: Database,
  seen: ErasureStateRow,
  now: number,
  change: ErasureChange = {},
): Promise<ErasureStateRow> {
  const stored = (await getErasure(db, seen.project_id, seen.id)) ?? seen
  const { state = stored.state } = change
  const isBack = ORDER.indexOf(state) < ORDER.indexOf(stored.state)
  const isAgain = stored.state === 'final' && state === 'hidden'
  if ((isBack && !isAgain) || (namesProgress(change) && progress(stored) !== progress(seen)))
    throw new FlywheelError('conflict', `Another server has carried the erasure ${seen.id} on meanwhile; read it again`)
  const before = Date.parse(stored.updated_at)
  const next: ErasureStateRow = {
    ...stored,
    ...change,
    event_ids: union(stored.event_ids, seen.event_ids, change.event_ids),
    target_keys: union(stored.target_keys, seen.target_keys, change.target_keys),
    updated_at: new Date(Number.isNaN(before) ? now : Math.max(now, before + 1)).toISOString(),
  }
  await insertRows(db, 'erasures', [next])
  return next
}

const namesProgress = ({ state, counts, deleted_at }: ErasureChange): boolean =>
  state !== undefined || counts !== undefined || deleted_at !== undefined

/** The store writes numbers and times in its own way. */
function progress({ state, counts, deleted_at }: ErasureStateRow): string {
  const rows = Object.entries(counts).map(([table, count]) => `${table}=${count}`)
  return JSON.stringify([state, Date.parse(deleted_at), rows.sort()])
}

const union = (...lists: (string[] | undefined)[]): string[] => [...new Set(lists.flatMap((list) => list ?? []))].sort()

interface Found {
  ids: string[]
  keys: string[]
}

/**
 * Finds what belongs to the subject of a tombstone that is already written, and writes it into the tombstone, which hides
 * it: first the subject's own interactions, then the links to them, then the feedback on them, whoever wrote it, and the
 * subject's own feedback, consents and dead letters. What an earlier sweep found stays in it, so that feedback that comes
 * after the rows were deleted is found by what it points at.
 *
 * A ref that was linked to an answer of the subject counts as that answer's, also where it was linked to another one too:
 * rather one judgement too many is erased than the subject's text kept.
 */
export async function sweepErasure(
  db: Database,
  key: KeyedHash,
  row: ErasureStateRow,
  now: () => number,
): Promise<ErasureStateRow> {
  const params = { ...key, project: row.project_id, erasure: row.id, subject: row.subject_key, hmac: row.subject_hmac }
  const of = (column: string) => `(${column} != '' AND ${keyed(column)} = {subject:String})`
  const own = (user: string) => of(row.subject_kind === 'user' ? user : 'session_id')
  const answers = await found(
    db,
    `SELECT groupUniqArray(toString(id)) AS ids, arrayDistinct(arrayFlatten(groupArray(
        [${keyed('id')}, ${keyed('turn_id')}, if(provider_response_id = '', '', ${keyed('provider_response_id')})]))) AS keys
     FROM interactions WHERE ${PROJECT} AND ${own('user_id')}`,
    params,
  )
  let next = await writeErasure(db, row, now(), listed(answers))
  const links = await found(
    db,
    `SELECT groupUniqArray(toString(id)) AS ids, groupUniqArray(${keyed('ref')}) AS keys
     FROM links WHERE ${PROJECT} AND ${keyed('target')} IN ${TARGETS}`,
    params,
  )
  next = await writeErasure(db, next, now(), listed(links))
  const candidates = "arrayMap(each -> JSONExtractString(each, 'id'), JSONExtractArrayRaw(candidates))"
  const feedback = await found(
    db,
    `SELECT groupUniqArray(toString(id)) AS ids, [] AS keys FROM feedback WHERE ${PROJECT} AND (${own('author_id')}
       OR ${keyed('target')} IN ${TARGETS}
       OR (candidates != '' AND hasAny(arrayMap(each -> ${keyed('each')}, ${candidates}),
         (SELECT groupArrayArray(target_keys) ${OWN}))))`,
    params,
  )
  const consents = await found(
    db,
    `SELECT groupUniqArray(toString(id)) AS ids, [] AS keys FROM consents
     WHERE ${PROJECT} AND subject_kind = '${row.subject_kind}' AND ${of('subject')}`,
    params,
  )
  const hmacs = row.subject_kind === 'user' ? ['user_hmac', 'author_hmac'] : ['session_hmac']
  const letters = await found(
    db,
    `SELECT groupUniqArray(toString(toUUIDOrZero(event_id))) AS ids, [] AS keys FROM dead_letters
     WHERE ${PROJECT} AND toUUIDOrZero(event_id) != toUUID('00000000-0000-0000-0000-000000000000') AND (
       ${hmacs.map((column) => `${column} = {hmac:String}`).join(' OR ')}
       OR (type IN ('feedback', 'link') AND ${keyed("JSONExtractString(body, 'target')")} IN ${TARGETS}))`,
    params,
  )
  return writeErasure(db, next, now(), listed(feedback, consents, letters))
}

/** How many rows of each table a tombstone covers and that are still stored. */
export async function countErased(db: Database, row: ErasureStateRow): Promise<ErasureCounts> {
  const params = { project: row.project_id, erasure: row.id }
  const counts: ErasureCounts = {}
  for (const [table, id] of Object.entries(HELD)) {
    const [found] = await db.query<{ rows: number | string }>(
      `SELECT uniqExact(${id}) AS rows FROM ${table} WHERE ${PROJECT} AND ${id} IN (SELECT arrayJoin(event_ids) ${OWN})`,
      params,
      LIMITS,
    )
    counts[table] = Number(found!.rows)
  }
  return counts
}

/**
 * Deletes the rows of a tombstone from every table, and waits for it. Their bytes are then in no active part; the files
 * that the engine has replaced go when `replacedParts` says 0.
 */
export async function deleteErased(db: Database, row: ErasureStateRow): Promise<void> {
  const counts = await countErased(db, row)
  for (const [table, id] of Object.entries(HELD)) {
    if (counts[table] === 0) continue
    for (let from = 0; from < row.event_ids.length; from += IDS_A_STATEMENT) {
      await db.command(
        `ALTER TABLE ${table} DELETE WHERE ${PROJECT} AND ${id} IN {ids:Array(UUID)} SETTINGS mutations_sync = 2`,
        { project: row.project_id, ids: row.event_ids.slice(from, from + IDS_A_STATEMENT) },
      )
    }
  }
}

/** How many parts that were replaced before `at` the engine still keeps on the disk (by default for eight minutes). */
export async function replacedParts(db: Database, at: string): Promise<number> {
  const tables = [...Object.values(EVENT_TABLES), 'dead_letters', 'export_items'].flatMap((name) => [
    name,
    `${name}_local`,
  ])
  const [row] = await db.query<{ parts: number | string }>(
    `SELECT count() AS parts FROM system.parts WHERE database = currentDatabase() AND NOT active AND rows > 0
       AND table IN {tables:Array(String)} AND modification_time <= parseDateTime64BestEffort({at:String}, 3, 'UTC')`,
    { tables, at },
  )
  return Number(row!.parts)
}

/** The users and sessions that leave with the tombstones of a project altogether, while their rows are still stored. */
export async function erasedMembers(
  db: Database,
  key: KeyedHash,
  projectId: string,
): Promise<{ users: string[]; sessions: string[] }> {
  const params = { ...key, project: projectId }
  const subjects = `(SELECT subject_key FROM erasures FINAL WHERE ${PROJECT} AND subject_kind = 'user')`
  const hidden = `(SELECT arrayJoin(event_ids) FROM erasures FINAL WHERE ${PROJECT})`
  const users = await db.query<{ name: string }>(
    `SELECT DISTINCT name FROM (
       SELECT user_id AS name FROM interactions WHERE ${PROJECT} AND id IN ${hidden}
       UNION ALL SELECT author_id FROM feedback WHERE ${PROJECT} AND id IN ${hidden})
     WHERE name != '' AND ${keyed('name')} IN ${subjects}`,
    params,
    LIMITS,
  )
  const sessions = await db.query<{ name: string }>(
    `SELECT session_id AS name FROM interactions WHERE ${PROJECT} AND session_id IN (
       SELECT session_id FROM interactions WHERE ${PROJECT} AND id IN ${hidden})
     GROUP BY session_id HAVING session_id != '' AND min(id IN ${hidden})`,
    params,
    LIMITS,
  )
  return { users: users.map(({ name }) => name), sessions: sessions.map(({ name }) => name) }
}

async function found(db: Database, sql: string, params: QueryParams): Promise<Found> {
  const [row] = await db.query<Found>(sql, params, LIMITS)
  return { ids: row?.ids ?? [], keys: (row?.keys ?? []).filter((hash) => hash !== '') }
}

function listed(...all: Found[]): Pick<ErasureStateRow, 'event_ids' | 'target_keys'> {
  return { event_ids: all.flatMap(({ ids }) => ids), target_keys: all.flatMap(({ keys }) => keys) }
}
