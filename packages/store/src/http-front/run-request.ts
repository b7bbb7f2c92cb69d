import { StuckStatement, within } from '../embedded/deadline.js'
import { plansQuickly } from '../embedded/plans-quickly.js'
import type { Session } from '../embedded/sessions.js'
import type { Summary } from './answer.js'
import { exception } from './exception.js'
import { isStreamed, oneDocument } from './formats.js'
import type { FrontRequest } from './request.js'
import type { SessionPool } from './session-pool.js'
import { clauseOf, type FrontLimits, settingsOf } from './settings.js'
import { type InsertHead, insertHead, readerStatement, type Statement, writerStatement } from './statement.js'

interface Front {
  readers: SessionPool
  /** Read-only sessions for questions that carry no settings. */
  names: SessionPool
  /** null where nobody writes. */
  writers: SessionPool | null
  limits: FrontLimits
}

/** What a request came to: rows that begin to flow, or nothing more to say. */
export type Outcome =
  | { kind: 'rows'; format: string; first: Uint8Array; rest: AsyncIterator<Uint8Array>; summary: Summary }
  | { kind: 'done'; summary: Summary }

const EMPTY = new Uint8Array(0)

/**
 * Runs the statement of a request. Resolves when its first bytes are there, so that what fails at once is an error and no
 * answer that breaks off.
 */
export async function runRequest(front: Front, request: FrontRequest): Promise<Outcome> {
  const database = request.settings.get('database')
  if (database !== undefined && database !== 'default' && database !== '') {
    throw exception(81, 'UNKNOWN_DATABASE', `Database ${database} does not exist; this store has one, default.`)
  }
  const { writers } = front
  const isReader = writers === null || Number(request.settings.get('readonly') ?? 0) > 0
  if (!isReader && request.method !== 'GET') {
    const insert = await insertOf(writers, request)
    if (insert !== null) return insert
  }
  const text = textOf(request)
  if (text.trim() === '') throw exception(62, 'SYNTAX_ERROR', 'Empty query')
  const pool = isReader || request.method === 'GET' ? front.readers : writers
  const statement = await (writers === null ? readerStatement : writerStatement)(pool, text, request.params)
  const own = writers === null && !statement.isSelect ? front.names : pool
  return statement.hasRows ? await rowsOf(front, own, request, statement) : await commandOf(pool, statement)
}

/** The URL's query and the body are one text, as the server reads them. */
function textOf({ query, body }: FrontRequest): string {
  if (query === '') return body.toString()
  return body.length === 0 ? query : `${query}\n${body.toString()}`
}

async function commandOf(pool: SessionPool, { sql }: Statement): Promise<Outcome> {
  const result = await pool.withSession(({ chdb }) => chdb.queryAsync(sql, { format: 'Null' }))
  return { kind: 'done', summary: summaryOf(result) }
}

async function rowsOf(front: Front, pool: SessionPool, request: FrontRequest, statement: Statement): Promise<Outcome> {
  const format = statement.format ?? request.format ?? 'TabSeparated'
  if (!/^\w+$/.test(format)) throw exception(73, 'UNKNOWN_FORMAT', `Unknown format ${format}.`)
  const limits = front.writers === null ? front.limits : null
  const isStream = statement.isSelect && isStreamed(format) && request.settings.get('wait_end_of_query') !== '1'
  const asked = new Map([...request.settings, ...statement.settings])
  const limit_ms = limits === null ? null : 1000 * Number(asked.get('max_execution_time') ?? limits.max_execution_time)
  const sqlWith = (own: Record<string, string>) =>
    statement.sql +
    (statement.isSelect ? clauseOf(settingsOf(asked, limits, limits === null ? {} : { ...own, readonly: '1' })) : '')
  const whole = sqlWith({})
  if (!isStream) {
    const result = await pool.withSession(({ chdb }) => heldTo(limit_ms, chdb.queryAsync(whole, { format })))
    return { kind: 'rows', format, first: result.bytes(), rest: ended(), summary: summaryOf(result) }
  }
  // What is not streamed stands in memory twice; what is streamed may be of any size.
  return await streamOf(pool, { whole, streamed: sqlWith({ max_result_bytes: '0' }), format, limit_ms })
}

/** One statement in both forms. */
interface Streaming {
  whole: string
  streamed: string
  format: string
  /** null for a writer, whose statements have none. */
  limit_ms: number | null
}

/** @param limit_ms null for a writer, whose statements have none */
async function heldTo<Answer>(limit_ms: number | null, work: Promise<Answer>): Promise<Answer> {
  return await (limit_ms === null ? work : within(limit_ms, work))
}

/** Holds its session until the rows end or are left. */
function streamOf(pool: SessionPool, statement: Streaming): Promise<Outcome> {
  const { format, limit_ms } = statement
  return new Promise((resolve, reject) => {
    pool
      .withSession(async (session) => {
        const chunks = chunksOf(session, statement)
        const first = await heldTo(limit_ms, chunks.next())
        await new Promise<void>((done, broken) => {
          const rest = handedOut(chunks, limit_ms, done, broken)
          resolve({ kind: 'rows', format, first: first.done ? EMPTY : first.value, rest, summary: {} })
        })
      })
      .catch(reject)
  })
}

/**
 * The chunks, which tell when they are over: `done` after the last, `broken` where what was written must be forgotten. No
 * generator: one that is left before its first chunk runs nothing, and would hold the session for ever.
 */
function handedOut(
  chunks: AsyncGenerator<Uint8Array>,
  limit_ms: number | null,
  done: () => void,
  broken: (error: unknown) => void,
): AsyncIterator<Uint8Array> {
  let isStuck = false
  return {
    async next() {
      try {
        const next = await heldTo(limit_ms, chunks.next())
        if (next.done) done()
        return next
      } catch (error) {
        isStuck = error instanceof StuckStatement
        broken(error)
        throw error instanceof StuckStatement ? error.error : error
      }
    },
    async return() {
      // Leaving it would wait for its end.
      if (!isStuck) await chunks.return(undefined)
      broken(new Error('left'))
      return { done: true, value: undefined }
    },
  }
}

async function* chunksOf({ chdb }: Session, { whole, streamed, format }: Streaming): AsyncGenerator<Uint8Array> {
  let isEmpty = true
  if (await plansQuickly(chdb, streamed)) {
    for await (const bytes of oneDocument(chdb.queryStream(streamed, { format }), format)) {
      isEmpty = false
      yield bytes
    }
  }
  // No rows, no chunk, and so no header either.
  if (isEmpty) yield (await chdb.queryAsync(whole, { format })).bytes()
}

async function* ended(): AsyncGenerator<Uint8Array> {}

/** @returns null where the request is no INSERT with rows of its own */
async function insertOf(pool: SessionPool, request: FrontRequest): Promise<Outcome | null> {
  const { query, body } = request
  const isInsert = /^\s*INSERT\b/i
  if (!isInsert.test(query) && (query !== '' || !isInsert.test(body.subarray(0, 200).toString()))) return null
  let head = query
  let rows = body
  if (query === '') {
    const text = body.subarray(0, 65_536).toString('latin1')
    const end = /\bFORMAT\s+(?!Values\b)\w+[ \t;]*(\r?\n|$)/i.exec(text)
    if (end === null) return null
    head = text.slice(0, end.index + end[0].length).trim()
    rows = body.subarray(end.index + end[0].length)
  }
  const insert = await insertHead(pool, head)
  return insert === null ? null : await insertRows(pool, request, insert, rows)
}

async function insertRows(
  pool: SessionPool,
  request: FrontRequest,
  { table, columns, format, settings }: InsertHead,
  values: Buffer,
): Promise<Outcome> {
  const pinned = Object.fromEntries(settingsOf(new Map([...request.settings, ...settings]), null))
  const result = await pool.withSession(({ chdb }) =>
    chdb.rawInsert({
      table,
      values,
      format: format as 'JSONEachRow',
      settings: pinned,
      ...(columns !== undefined && { columns }),
    }),
  )
  const { rowsWritten = 0, bytesWritten = 0, elapsed = 0 } = result as Record<string, number>
  return { kind: 'done', summary: { rowsWritten, bytesWritten, elapsedS: elapsed } }
}

function summaryOf(result: unknown): Summary {
  const { rowsRead = 0, bytesRead = 0, elapsed = 0 } = result as Record<string, number>
  return { rowsRead, bytesRead, elapsedS: elapsed }
}
